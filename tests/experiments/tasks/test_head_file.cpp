#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/util/error.h"
#include "experiments/tasks/head_file.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

struct TemporaryFile {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("herosweep-head-" + std::to_string(getpid()));
  ~TemporaryFile() { std::filesystem::remove(path); }
};

FittedHead example() {
  FittedHead head{{0.1, 1e-300}, {1.0 / 3.0, 2}, {-0.0, 1e17 + 2}, 0.7, ""};
  head.hash = hash_of(head);
  return head;
}

}  // namespace

TEST_CASE("A head is read back bit by bit") {
  const TemporaryFile file;
  const FittedHead head = example();
  save_head(head, file.path);
  const FittedHead loaded = load_head(file.path);
  CHECK(loaded.mean == head.mean);
  CHECK(loaded.std == head.std);
  CHECK(loaded.weight == head.weight);
  CHECK(loaded.bias == head.bias);
  CHECK(hash_of(loaded) == head.hash);
}

TEST_CASE("A damaged head is refused") {
  const TemporaryFile file;
  const auto content = GENERATE(as<std::string>{}, "", "{", "[]", R"({"mean": [1]})",
                                R"({"mean":[1],"std":[1],"weight":[1,2],"bias":0,"hash":""})",
                                R"({"mean":[1],"std":[1],"weight":[1],"bias":0,"hash":"00"})",
                                R"({"mean":["a"],"std":[1],"weight":[1],"bias":0,"hash":""})");
  std::ofstream(file.path) << content;
  CHECK_THROWS_AS(load_head(file.path), DataError);
  CHECK_THROWS_WITH(load_head(file.path), ContainsSubstring(file.path.string()));
}

TEST_CASE("A missing head file is named") {
  CHECK_THROWS_WITH(load_head("/nonexistent/head.json"), ContainsSubstring("/nonexistent"));
}
