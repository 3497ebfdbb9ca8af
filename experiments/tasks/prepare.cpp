#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/model/safetensors.h"
#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "core/util/sha256.h"
#include "experiments/tasks/python.h"
#include "experiments/tasks/synthetic.h"
#include "experiments/tasks/task.h"
#include "experiments/tasks/task_files.h"

namespace herosweep::tasks {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Raised when prepare.py writes something else for the same input.
constexpr int kTokensVersion = 1;

bool has_train(const TaskSpec& spec) {
  return spec.split_rule == SplitRule::sha256_mod5 || spec.files.contains(spec.train_split);
}

int sequences_per_example(const TaskSpec& spec) { return spec.head == HeadKind::cosine ? 2 : 1; }

std::vector<double> doubles(const model::SafetensorsFile& file, const char* tensor) {
  const model::TensorView& view = file.at(tensor);
  if (view.dtype != model::DType::f64) throw ModelError(fmt::format("{} is not F64", tensor));
  std::vector<double> values(view.elements());
  if (!values.empty()) std::memcpy(values.data(), view.data, view.bytes);
  return values;
}

bool is_consistent(const TokenizedSplit& split, int per_example) {
  const auto& [ids, types, offsets] = split.tokens;
  if (offsets.size() != split.labels.size() * static_cast<size_t>(per_example) + 1) return false;
  if (types.size() != ids.size() || offsets.front() != 0) return false;
  for (size_t s = 0; s + 1 < offsets.size(); ++s)
    if (offsets[s + 1] <= offsets[s]) return false;
  return offsets.back() == split.tokens.tokens();
}

/// Throws ModelError for a file that is not what prepare.py writes.
TokenizedSplit read_split(const fs::path& path, const TaskSpec& spec) {
  const model::SafetensorsFile file(path);
  TokenizedSplit split;
  split.tokens.ids = file.values<int32_t>("ids");
  split.tokens.types = file.values<int32_t>("types");
  split.tokens.offsets = file.values<int32_t>("offsets");
  split.labels = doubles(file, "labels");
  if (!is_consistent(split, sequences_per_example(spec)))
    throw ModelError(path.string() + ": its tensors do not fit each other");
  return split;
}

/// Where one task's tokens lie in the cache.
struct CacheEntry {
  fs::path folder;
  fs::path train() const { return folder / "train.safetensors"; }
  fs::path eval() const { return folder / "eval.safetensors"; }
};

CacheEntry cache_entry(const PreparedTask& task, const fs::path& cache_directory) {
  const json key = {{"version", kTokensVersion},
                    {"data", task.data_hash},
                    {"tokenizer", task.tokenizer_hash},
                    {"max_length", task.spec.max_length}};
  return {cache_directory / "tokens" / util::sha256(key.dump())};
}

/// False when the cache holds no usable copy.
bool read_cached(PreparedTask& task, const CacheEntry& entry) {
  try {
    if (!fs::exists(entry.eval())) return false;
    task.eval = read_split(entry.eval(), task.spec);
    if (has_train(task.spec)) task.train = read_split(entry.train(), task.spec);
    return true;
  } catch (const ModelError&) {
    return false;  // damaged or half written by something else: it is made again
  }
}

json request_for(const TaskSpec& spec, const fs::path& model_directory, const CacheEntry& entry) {
  json request = {{"task", to_json(spec)}, {"tokenizer", tokenizer_file(model_directory).string()}};
  for (const auto& [split, files] : split_files(spec))
    for (const fs::path& file : files) request["files"][split].push_back(file.string());
  // An object per output, as train and eval may be the same split of the same file.
  request["outputs"] = json::array();
  if (has_train(spec))
    request["outputs"].push_back({{"split", spec.train_split}, {"path", entry.train().string()}});
  request["outputs"].push_back({{"split", spec.eval_split}, {"path", entry.eval().string()}});
  return request;
}

void tokenize(const TaskSpec& spec, const fs::path& model_directory, const CacheEntry& entry) {
  std::error_code failure;
  fs::create_directories(entry.folder, failure);
  if (failure)
    throw EnvironmentError(fmt::format("{}: the cache folder cannot be made ({})",
                                       entry.folder.string(), failure.message()));
  // Several processes may prepare the same task at once; each has its own request and log.
  const fs::path request = entry.folder / fmt::format("request-{}.json", getpid());
  const fs::path log = entry.folder / fmt::format("prepare-{}.log", getpid());
  util::write_file_atomically(request, request_for(spec, model_directory, entry).dump(1));
  try {
    run_prepare_script(request, log);
  } catch (const DataError& error) {
    throw DataError(fmt::format("task {}: {}", spec.name, error.what()));
  }
  fs::remove(request);
  fs::remove(log);
}

}  // namespace

PreparedTask prepare(const TaskSpec& spec, const fs::path& model_directory,
                     const fs::path& cache_directory) {
  if (spec.format == kRandomIds) return prepare_synthetic(spec);
  PreparedTask task;
  task.spec = spec;
  hash_inputs(spec, model_directory, task.data_hash, task.tokenizer_hash);
  const CacheEntry entry = cache_entry(task, fs::absolute(cache_directory));
  if (read_cached(task, entry)) return task;
  tokenize(spec, fs::absolute(model_directory), entry);
  if (!read_cached(task, entry))
    throw DataError(fmt::format("task {}: {} does not hold what was just written; check the disk",
                                spec.name, entry.folder.string()));
  return task;
}

}  // namespace herosweep::tasks
