#include "experiments/tasks/task_files.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/util/error.h"
#include "core/util/sha256.h"
#include "experiments/tasks/synthetic.h"

namespace herosweep::tasks {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<fs::path> matching_files(const fs::path& pattern) {
  std::error_code ignored;
  if (fs::is_regular_file(pattern, ignored)) return {pattern};
  std::vector<fs::path> files;
  const std::string name = pattern.filename().string();
  if (name.find_first_of("*?[") == std::string::npos) return files;
  for (const auto& entry : fs::directory_iterator(pattern.parent_path(), ignored))
    if (entry.is_regular_file() && fnmatch(name.c_str(), entry.path().filename().c_str(), 0) == 0)
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::set<std::string> needed_splits(const TaskSpec& spec) {
  if (spec.split_rule == SplitRule::sha256_mod5) return {"all"};
  std::set<std::string> splits{spec.eval_split};
  if (spec.files.contains(spec.train_split)) splits.insert(spec.train_split);
  return splits;
}

/// What decides which rows there are, what they are labelled and how they become sequences.
json row_selection(const TaskSpec& spec) {
  json fields = identity(spec);
  // These act after tokenizing, or have a place of their own in a trial's identity.
  for (const char* later : {"head", "metric", "head_lambda", "max_length"}) fields.erase(later);
  fields["sentence_by_sentence"] = spec.head == HeadKind::cosine;
  return fields;
}

}  // namespace

std::map<std::string, std::vector<fs::path>> split_files(const TaskSpec& spec) {
  std::map<std::string, std::vector<fs::path>> files;
  for (const std::string& split : needed_splits(spec)) {
    const auto entry = spec.files.find(split);
    if (entry == spec.files.end())
      throw DataError(fmt::format("task {}: files has no entry {}", spec.name, split));
    files[split] = matching_files(entry->second);
    if (files[split].empty())
      throw DataError(fmt::format(
          "task {}: {} does not exist. {}", spec.name, entry->second.string(),
          spec.fetch_hint.empty() ? "Correct `files` in the task's YAML." : spec.fetch_hint));
  }
  return files;
}

fs::path tokenizer_file(const fs::path& model_directory) {
  fs::path file = model_directory / "tokenizer.json";
  if (!fs::is_regular_file(file))
    throw DataError(
        fmt::format("{} does not exist; a model directory holds config.json, "
                    "model.safetensors and tokenizer.json",
                    file.string()));
  return file;
}

void hash_inputs(const TaskSpec& spec, const fs::path& model_directory, std::string& data_hash,
                 std::string& tokenizer_hash) {
  if (spec.format == kRandomIds) {
    data_hash = util::sha256(identity(spec).dump());
    tokenizer_hash = util::sha256("");
    return;
  }
  json contents = {{"rows", row_selection(spec)}};
  for (const auto& [split, files] : split_files(spec))
    for (const fs::path& file : files) contents["files"][split].push_back(util::sha256_file(file));
  data_hash = util::sha256(contents.dump());
  tokenizer_hash = util::sha256_file(tokenizer_file(model_directory));
}

}  // namespace herosweep::tasks
