// Tokenizes tiny files with a 23-word tokenizer that, like the quickstart's, pads and truncates.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/util/error.h"
#include "experiments/tasks/task.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

namespace fs = std::filesystem;

constexpr const char* kSentences =
    "\xef\xbb\xbf"
    "1\t2.5\tthe film was good\r\n"
    "2\t-0.25\tnot bad\r\n"
    "\r\n"
    "3\t-3\tA long, dull film!\r\n"
    "4\t1\tso funny\r\n"
    "5\t-2\tit is not good and not bad";

struct Workplace {
  fs::path folder;
  Workplace() {
    std::string pattern = (fs::temp_directory_path() / "herosweep-prepare-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~Workplace() { fs::remove_all(folder); }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    return folder / name;
  }
  fs::path cache() const { return folder / "cache"; }
};

fs::path tiny_model() {
  return fs::path(HEROSWEEP_SOURCE_DIR) / "tests/experiments/tasks/data/model";
}

TaskSpec spec_of(const fs::path& file, const std::string& format = "tsv") {
  TaskSpec spec;
  spec.name = "example";
  spec.files = {{"test", file}};
  spec.format = format;
  spec.text_columns = {"2"};
  spec.label_column = "1";
  spec.head = HeadKind::classifier;
  spec.metric = Metric::pearson;
  spec.max_length = 16;
  return spec;
}

std::vector<int32_t> sequence(const engine::Batch& batch, size_t s) {
  return {batch.ids.begin() + batch.offsets[s], batch.ids.begin() + batch.offsets[s + 1]};
}

std::string message_of(const TaskSpec& spec, const Workplace& place) {
  try {
    prepare(spec, tiny_model(), place.cache());
  } catch (const DataError& error) {
    return error.what();
  }
  FAIL("no DataError");
  return "";
}

using Ids = std::vector<int32_t>;

}  // namespace

TEST_CASE("TSV with CRLF, byte order mark, blank line and no last newline") {
  const Workplace place;
  const auto task = prepare(spec_of(place.write("a.tsv", kSentences)), tiny_model(), place.cache());
  REQUIRE(task.eval.examples() == 5);
  CHECK(task.eval.labels == std::vector<double>{2.5, -0.25, -3, 1, -2});
  CHECK(sequence(task.eval.tokens, 0) == Ids{2, 4, 6, 7, 8, 3});
  CHECK(sequence(task.eval.tokens, 3) == Ids{2, 21, 13, 14, 3});
  CHECK(task.eval.tokens.types == std::vector<int32_t>(task.eval.tokens.ids.size(), 0));
  CHECK(task.train.examples() == 0);
  CHECK(task.data_hash.size() == 64);
}

TEST_CASE("The task's max_length rules, not the tokenizer's padding and truncation") {
  const Workplace place;
  TaskSpec spec = spec_of(place.write("a.tsv", kSentences));
  spec.max_length = 8;
  const auto task = prepare(spec, tiny_model(), place.cache());
  CHECK(sequence(task.eval.tokens, 1) == Ids{2, 12, 9, 3});
  CHECK(sequence(task.eval.tokens, 4) == Ids{2, 16, 17, 12, 8, 11, 12, 3});
  spec.max_length = 17;
  CHECK_THAT(message_of(spec, place), ContainsSubstring("16 positions"));
}

TEST_CASE("Rows are split by the hash of their text, selected and binarized") {
  const Workplace place;
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += std::to_string(i) + "\t" +
            (i % 4 == 0   ? "0.1"
             : i % 4 == 1 ? "-0.5"
                          : "2") +
            "\t  Film " + std::to_string(i) + " \n";
  }
  TaskSpec spec = spec_of("");
  spec.files = {{"all", place.write("a.tsv", text)}};
  spec.split_rule = SplitRule::sha256_mod5;
  spec.head = HeadKind::logistic;
  spec.metric = Metric::accuracy;
  spec.min_abs_label = 0.5;
  spec.binarize = true;
  const auto task = prepare(spec, tiny_model(), place.cache());
  // Computed with the rule's one line of Python: test are "film i" for i = 2, 13, 14, 18, 19, 31,
  // 35 (and some that are dropped).
  const std::vector<double> test_labels{1, 0, 1, 1, 1, 1, 1};
  CHECK(task.eval.labels == test_labels);
  CHECK(task.train.examples() == 30 - static_cast<int>(test_labels.size()));
}

TEST_CASE("Pairs are one sequence for a checkpoint's head and two for cosine") {
  const Workplace place;
  TaskSpec spec =
      spec_of(place.write("p.tsv", "4.5\tgood film\tfunny\n\tno gold\tso\n1\ta\tbad\n"));
  spec.text_columns = {"1", "2"};
  spec.label_column = "0";
  const auto joined = prepare(spec, tiny_model(), place.cache());
  CHECK(joined.eval.labels == std::vector<double>{4.5, 1});
  CHECK(sequence(joined.eval.tokens, 0) == Ids{2, 8, 6, 3, 13, 14, 3});
  CHECK(joined.eval.tokens.types == std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1});

  spec.head = HeadKind::cosine;
  spec.metric = Metric::spearman;
  const auto apart = prepare(spec, tiny_model(), place.cache());
  CHECK(apart.eval.examples() == 2);
  REQUIRE(apart.eval.tokens.sequences() == 4);
  CHECK(sequence(apart.eval.tokens, 0) == Ids{2, 8, 6, 3});
  CHECK(sequence(apart.eval.tokens, 1) == Ids{2, 13, 14, 3});
  CHECK(apart.data_hash != joined.data_hash);
}

TEST_CASE("CSV, JSON lines and label-first text read the same examples") {
  const Workplace place;
  TaskSpec spec = spec_of(place.write("a.csv",
                                      "id,label,text\n1,yes,\"good, \"\"very\"\" good\"\n"
                                      "2,no,bad\n"),
                          "csv");
  spec.header = true;
  spec.text_columns = {"text"};
  spec.label_column = "label";
  spec.labels = {"No", "Yes"};
  spec.metric = Metric::accuracy;
  const auto csv = prepare(spec, tiny_model(), place.cache());
  CHECK(csv.eval.labels == std::vector<double>{1, 0});
  CHECK(sequence(csv.eval.tokens, 1) == Ids{2, 9, 3});

  spec.format = "jsonl";
  spec.files["test"] = place.write("a.jsonl",
                                   "{\"text\": \"good, \\\"very\\\" good\", \"label\": 1}\n"
                                   "{\"label\": \"no\", \"text\": \"bad\"}\n");
  const auto jsonl = prepare(spec, tiny_model(), place.cache());
  CHECK(jsonl.eval.labels == csv.eval.labels);
  CHECK(jsonl.eval.tokens.ids == csv.eval.tokens.ids);

  spec.format = "label text";
  spec.files["test"] = place.write("a.txt", "1 good, \"very\" good\n0 bad\n");
  const auto words = prepare(spec, tiny_model(), place.cache());
  CHECK(words.eval.labels == csv.eval.labels);
  CHECK(words.eval.tokens.ids == csv.eval.tokens.ids);
}

TEST_CASE("A pattern joins files in the order of their names") {
  const Workplace place;
  place.write("b.tsv", "0\t2\tbad\n");
  place.write("a.tsv", "0\t1\tgood\n");
  place.write("c.txt", "0\t3\tnot this\n");
  const auto task = prepare(spec_of(place.folder / "*.tsv"), tiny_model(), place.cache());
  CHECK(task.eval.labels == std::vector<double>{1, 2});
}

TEST_CASE("Malformed rows are named by file and line") {
  const Workplace place;
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"1\t2\ta\n1\t2\n", "a.tsv:2: 2 columns, but column '2'"},
      {"1\tx\ta\n",
       "a.tsv:1: label 'x' is not a number; if this line names the columns, say header"},
      {"1\tnan\ta\n", "a.tsv:1: label 'nan'"},
      {"1\t2\ta\n1\t2\t\xff\n", "a.tsv:2: not UTF-8"},
      {"", "no row belongs to split 'test'"},
  }));
  const TaskSpec spec = spec_of(place.write("a.tsv", text));
  CHECK_THAT(message_of(spec, place), ContainsSubstring(expected) && ContainsSubstring("example"));
}

TEST_CASE("Unknown columns, keys and labels are named") {
  const Workplace place;
  TaskSpec spec = spec_of(place.write("a.tsv", "id\tlabel\ttext\n1\t2\ta\n"));
  spec.header = true;
  spec.label_column = "gold";
  CHECK_THAT(message_of(spec, place), ContainsSubstring("'gold'") && ContainsSubstring("label"));
  spec.label_column = "label";
  spec.labels = {"no", "yes"};
  CHECK_THAT(message_of(spec, place), ContainsSubstring("a.tsv:2: label '2' is not in 0 .. 1"));
  spec.format = "jsonl";
  spec.files["test"] = place.write("b.jsonl", "{\"label\": 1}\n");
  CHECK_THAT(message_of(spec, place), ContainsSubstring("b.jsonl:1: no key '2'"));
  spec.files["test"] = place.write("c.jsonl", "{\"label\": 1\n");
  CHECK_THAT(message_of(spec, place), ContainsSubstring("c.jsonl:1: not JSON"));
}

TEST_CASE("Missing data says how to get it") {
  const Workplace place;
  TaskSpec spec = spec_of(place.folder / "absent.tsv");
  spec.fetch_hint = "Run `make setup`.";
  CHECK_THAT(message_of(spec, place),
             ContainsSubstring("absent.tsv") && ContainsSubstring("Run `make setup`."));
  spec.files["test"] = place.write("a.tsv", kSentences);
  CHECK_THROWS_WITH(prepare(spec, place.folder, place.cache()),
                    ContainsSubstring("tokenizer.json"));
}

TEST_CASE("The cache is used while contents are the same, and made again when damaged") {
  const Workplace place;
  const TaskSpec spec = spec_of(place.write("a.tsv", kSentences));
  const auto first = prepare(spec, tiny_model(), place.cache());
  fs::path cached;
  for (const auto& entry : fs::recursive_directory_iterator(place.cache()))
    if (entry.path().filename() == "eval.safetensors") cached = entry.path();
  REQUIRE_FALSE(cached.empty());
  const auto written = fs::last_write_time(cached);

  TaskSpec moved = spec;
  moved.files["test"] = place.write("moved.tsv", kSentences);
  setenv("HEROSWEEP_PYTHON", "/nonexistent/python", 1);
  CHECK(prepare(moved, tiny_model(), place.cache()).eval.tokens.ids == first.eval.tokens.ids);
  moved.files["test"] = place.write("moved.tsv", std::string(kSentences) + "!");
  CHECK_THROWS_WITH(prepare(moved, tiny_model(), place.cache()), ContainsSubstring("make setup"));
  unsetenv("HEROSWEEP_PYTHON");
  CHECK(fs::last_write_time(cached) == written);

  fs::resize_file(cached, fs::file_size(cached) - 5);
  CHECK(prepare(spec, tiny_model(), place.cache()).eval.labels == first.eval.labels);
}

TEST_CASE("Hashes follow contents, not paths") {
  const Workplace place;
  const auto hash = [](const TaskSpec& spec) {
    std::string data, tokenizer;
    hash_inputs(spec, tiny_model(), data, tokenizer);
    return data;
  };
  const TaskSpec spec = spec_of(place.write("a.tsv", kSentences));
  const TaskSpec copy = spec_of(place.write("b.tsv", kSentences));
  CHECK(hash(spec) == hash(copy));
  CHECK(hash(spec) != hash(spec_of(place.write("c.tsv", std::string(kSentences) + " "))));
  TaskSpec other = spec;
  other.min_abs_label = 0.5;
  CHECK(hash(spec) != hash(other));
  other = spec;
  other.max_length = 8;
  CHECK(hash(spec) == hash(other));
}
