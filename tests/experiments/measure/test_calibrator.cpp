#include <set>

#include "experiments/measure/calibrator.h"
#include "experiments/measure/latency.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::measure;

namespace {

constexpr int kCls = 101, kSep = 102;

/// [CLS] 1 2 ... n [SEP], or with a second text: ... [SEP] 1001 1002 ... [SEP].
engine::Batch text(int first, int second = -1) {
  engine::Batch batch;
  const auto add = [&](int id, int type) {
    batch.ids.push_back(id);
    batch.types.push_back(type);
  };
  add(kCls, 0);
  for (int i = 1; i <= first; ++i) add(i, 0);
  add(kSep, 0);
  if (second >= 0) {
    for (int i = 1; i <= second; ++i) add(1000 + i, 1);
    add(kSep, 1);
  }
  batch.offsets = {0, batch.tokens()};
  return batch;
}

}  // namespace

TEST_CASE("truncation keeps the final special token, as the tokenizer does") {
  CHECK(truncated(text(3), 0, 5).ids == text(3).ids);
  CHECK(truncated(text(10), 0, 6).ids == std::vector<int32_t>{kCls, 1, 2, 3, 4, kSep});
  CHECK(truncated(text(10), 0, 6).offsets == std::vector<int32_t>{0, 6});
}

TEST_CASE("of a pair the longer text gives way first") {
  // 3 special tokens leave 6: the short text stays whole.
  CHECK(truncated(text(10, 2), 0, 9).ids ==
        std::vector<int32_t>{kCls, 1, 2, 3, 4, kSep, 1001, 1002, kSep});
  CHECK(truncated(text(2, 10), 0, 9).ids ==
        std::vector<int32_t>{kCls, 1, 2, kSep, 1001, 1002, 1003, 1004, kSep});
  // Both too long: half each.
  const auto both = truncated(text(10, 10), 0, 9);
  CHECK(both.ids == std::vector<int32_t>{kCls, 1, 2, 3, kSep, 1001, 1002, 1003, kSep});
  CHECK(both.types == std::vector<int32_t>{0, 0, 0, 0, 0, 1, 1, 1, 1});
}

TEST_CASE("calibration rows are drawn once each and cut into batches") {
  tasks::PreparedTask task;
  task.spec.max_length = 5;
  task.train.tokens.offsets = {0};
  for (int s = 0; s < 10; ++s) {
    const auto sequence = text(s + 1);
    auto& all = task.train.tokens;
    for (size_t t = 0; t < sequence.ids.size(); ++t) {
      all.ids.push_back(t == 1 ? 200 + s : sequence.ids[t]);  // the second token names the row
      all.types.push_back(0);
    }
    all.offsets.push_back(all.tokens());
  }
  quant::CalibrationSettings settings;
  settings.batches = 3;
  settings.batch_size = 4;
  settings.seq_len = 128;
  const auto batches = calibration_batches(task, settings);
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].sequences() == 4);
  CHECK(batches[2].sequences() == 2);  // ten rows are all there are
  std::set<int> rows;
  for (const auto& batch : batches)
    for (int s = 0; s < batch.sequences(); ++s) {
      CHECK(batch.offsets[s + 1] - batch.offsets[s] <= 5);
      CHECK(batch.ids[batch.offsets[s + 1] - 1] == kSep);
      rows.insert(batch.ids[batch.offsets[s] + 1]);
    }
  CHECK(rows.size() == 10);

  settings.batches = 1;
  const auto first = calibration_batches(task, settings);
  REQUIRE(first.size() == 1);
  CHECK(first[0].ids == batches[0].ids);
  settings.seed = 1;
  CHECK(calibration_batches(task, settings)[0].ids != batches[0].ids);
  CHECK(calibration_batches(tasks::PreparedTask{}, settings).empty());
}

TEST_CASE("latency batches are whole sequences of real text") {
  const auto batch = fixed_shape_batch(text(3), 2, 6);
  CHECK(batch.ids == std::vector<int32_t>{kCls, 1, 2, 3, 1, kSep, kCls, 2, 3, 1, 2, kSep});
  CHECK(batch.offsets == std::vector<int32_t>{0, 6, 12});
  CHECK(batch.types == std::vector<int32_t>(12, 0));
  CHECK(fixed_shape_batch(text(3), 1, 1).ids.size() == 1);
  CHECK_THROWS(fixed_shape_batch(engine::Batch{}, 1, 8));
}

TEST_CASE("every round visits every plan once, in an order of its own") {
  std::set<std::vector<int>> orders;
  for (int round = 0; round < 20; ++round) {
    const auto order = round_order(7, round, 5);
    CHECK(std::set<int>(order.begin(), order.end()).size() == 7);
    orders.insert(order);
  }
  CHECK(orders.size() > 15);
  CHECK(round_order(7, 3, 5) == round_order(7, 3, 5));
  CHECK(round_order(1, 0, 0) == std::vector<int>{0});
}
