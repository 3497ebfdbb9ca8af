#include <set>

#include "experiments/tasks/corpus.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

engine::Batch batch_of(const std::vector<std::vector<int32_t>>& sequences) {
  engine::Batch batch{{}, {}, {0}};
  for (const auto& ids : sequences) {
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    batch.types.resize(batch.ids.size(), 0);
    batch.offsets.push_back(batch.tokens());
  }
  return batch;
}

std::vector<int32_t> sequence(const engine::Batch& batch, int row) {
  return {batch.ids.begin() + batch.offsets[static_cast<size_t>(row)],
          batch.ids.begin() + batch.offsets[static_cast<size_t>(row) + 1]};
}

}  // namespace

TEST_CASE("Corpus gives equal sequences of different tasks one row") {
  Corpus corpus;
  CHECK(corpus.add(batch_of({{1, 2, 3}, {4}, {1, 2, 3}})) == std::vector<int>{0, 1, 0});
  CHECK(corpus.add(batch_of({{4}, {5, 6}, {1, 2}})) == std::vector<int>{1, 2, 3});
  CHECK(corpus.rows() == 4);
  CHECK(sequence(corpus.tokens(), 0) == std::vector<int32_t>{1, 2, 3});
  CHECK(sequence(corpus.tokens(), 3) == std::vector<int32_t>{1, 2});
}

TEST_CASE("Corpus tells sequences apart by their segment types") {
  engine::Batch other = batch_of({{1, 2}});
  other.types[1] = 1;
  Corpus corpus;
  corpus.add(batch_of({{1, 2}}));
  CHECK(corpus.add(other) == std::vector<int>{1});
}

TEST_CASE("An empty batch adds nothing") {
  Corpus corpus;
  CHECK(corpus.add(engine::Batch{{}, {}, {0}}).empty());
  CHECK(corpus.rows() == 0);
  CHECK(length_sorted_passes(corpus.tokens(), 8).empty());
}

TEST_CASE("Passes hold every sequence once, within the budget, in order of length") {
  const engine::Batch tokens =
      batch_of({{1, 1, 1}, {2}, {3, 3, 3, 3, 3, 3, 3, 3, 3}, {4, 4}, {5}, {6, 6, 6, 6}});
  const auto passes = length_sorted_passes(tokens, 5);
  std::set<int> seen;
  int previous_length = 0;
  for (const Pass& pass : passes) {
    CHECK((pass.tokens.tokens() <= 5 || pass.tokens.sequences() == 1));
    CHECK(pass.tokens.types.size() == pass.tokens.ids.size());
    REQUIRE(pass.rows.size() == static_cast<size_t>(pass.tokens.sequences()));
    for (int s = 0; s < pass.tokens.sequences(); ++s) {
      const int row = pass.rows[static_cast<size_t>(s)];
      CHECK(sequence(pass.tokens, s) == sequence(tokens, row));
      CHECK(seen.insert(row).second);
      const int length = static_cast<int>(sequence(tokens, row).size());
      CHECK(length >= previous_length);
      previous_length = length;
    }
  }
  CHECK(seen.size() == 6);
}
