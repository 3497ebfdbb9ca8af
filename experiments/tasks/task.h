// Tasks: labelled text, a head, a metric. Declared in YAML, tokenized by experiments/prepare.py.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.h"

namespace herosweep::tasks {

/// What turns the encoder's output into a prediction.
///   classifier: the checkpoint's own pooler and classifier; z = margin between the FP twin's first
///               and second label
///   ridge:      ridge regression on z-scored mean-pooled features; z = the output
///   logistic:   logistic regression on the same; z = the logit
///   cosine:     cosine of two sentences' mean-pooled embeddings (pairs embedded one by one);
///               z = the cosine
///   fidelity:   no labels: the cosine of the first token's last hidden state to the FP twin's;
///               z = a fixed read-out of the mean-pooled features, with weights of 1 and -1
enum class HeadKind : uint8_t { classifier, ridge, logistic, cosine, fidelity };
/// `mean`: of the predictions; there is nothing to compare them with.
enum class Metric : uint8_t { accuracy, f1, matthews, pearson, spearman, mean };

/// How rows become train and test.
///   files:       one file a split
///   sha256_mod5: test if int(first 8 hex of sha256(text.strip().lower()), 16) % 5 == 0, else
///                train; the text of a pair is both, joined by a tab
enum class SplitRule : uint8_t { files, sha256_mod5 };

/// A task as its YAML says, paths resolved. Everything that can change a number is in `to_json`.
struct TaskSpec {
  std::string name;
  // split -> file; one entry "all" for sha256_mod5. The last component may be a pattern (*.tsv):
  // the files that match, in the order of their names, are one split.
  std::map<std::string, std::filesystem::path> files;
  // tsv | csv | jsonl | "label text" (first word is the label) | "random ids" (no files)
  std::string format = "tsv";
  bool header = false;  // first line names the columns
  // One, or two for pairs: a column number from 0, a name in the header, a JSON key; unused by
  // "label text", as is label_column.
  std::vector<std::string> text_columns;
  std::string label_column;
  SplitRule split_rule = SplitRule::files;
  std::string eval_split = "test";
  std::string train_split = "train";
  HeadKind head = HeadKind::classifier;
  Metric metric = Metric::accuracy;
  double head_lambda =
      0.0;  // ridge: times the number of train rows; logistic: lambda/2 |w|^2 on the mean BCE
  double min_abs_label = 0.0;  // rows with |label| below are dropped ...
  bool binarize = false;       // ... and label = label > 0
  std::vector<std::string>
      labels;  // names of classes, in label order; checked against the checkpoint's id2label
  int max_length = 256;       // tokens, special ones included
  int random_rows = 0;        // "random ids": sequences of each split, of 8 to max_length tokens
  int random_vocabulary = 0;  // "random ids": ids below this
  std::string fetch_hint;     // how to get missing files, shown in the error
  std::string source;         // citation, license
};

nlohmann::json to_json(const TaskSpec& spec);
/// Throws ConfigError.
TaskSpec task_from_json(const nlohmann::json& json);
/// Random token ids for a model without a tokenizer.
TaskSpec synthetic_task(int vocabulary, int max_length);
/// What makes the fields contradict each other, one sentence each; empty for a usable task.
std::vector<std::string> problems(const TaskSpec& spec);
/// The fields that can change a number, without paths, name and documentation: with data and
/// tokenizer hash the task's part of a trial's identity.
nlohmann::json identity(const TaskSpec& spec);

/// One split, tokenized. Single sentences: sequence i is example i. Pairs read by the checkpoint's
/// head are one sequence; pairs whose sentences are embedded one by one are sequences 2i and 2i+1.
struct TokenizedSplit {
  engine::Batch tokens;
  std::vector<double> labels;  // [examples]
  int examples() const { return static_cast<int>(labels.size()); }
};

struct PreparedTask {
  TaskSpec spec;
  std::string
      data_hash;  // SHA-256 of the raw files' bytes and of the fields that select and label rows
  std::string tokenizer_hash;  // SHA-256 of tokenizer.json's bytes
  TokenizedSplit train;        // empty when the task has no train split
  TokenizedSplit eval;
};

/// Hashes raw files and tokenizer without tokenizing (both as they are streamed; a data hash covers
/// the train and eval split's bytes and the fields that select and label rows, never a path).
/// Throws DataError for a missing file: what, where, how to get it.
void hash_inputs(const TaskSpec& spec, const std::filesystem::path& model_directory,
                 std::string& data_hash, std::string& tokenizer_hash);

/// Tokenizes through `python experiments/prepare.py` (its interpreter: HEROSWEEP_PYTHON, else the
/// venv beside the build) unless `cache_directory` holds the result already. Throws DataError.
PreparedTask prepare(const TaskSpec& spec, const std::filesystem::path& model_directory,
                     const std::filesystem::path& cache_directory);

/// A linear head on z-scored features: output = w . (x - mean) / std + bias. FP64.
struct FittedHead {
  std::vector<double> mean, std, weight;  // [hidden]
  double bias = 0.0;
  std::string hash;  // SHA-256 of the numbers above
  double apply(const float* features) const;
};

/// features [rows, hidden] row-major. Throws DataError when rows are too few or labels are
/// constant.
FittedHead fit_ridge(const std::vector<float>& features, int hidden,
                     const std::vector<double>& labels, double lambda);
/// Unpenalised bias, Newton to a gradient norm of 1e-8; labels 0 or 1.
FittedHead fit_logistic(const std::vector<float>& features, int hidden,
                        const std::vector<double>& labels, double lambda);
void save_head(const FittedHead& head, const std::filesystem::path& file);
FittedHead load_head(const std::filesystem::path& file);

/// Per-example results of one plan on one task.
struct Outcomes {
  std::vector<float> prediction;  // class index, or the output
  std::vector<float> decision;    // z, the decision variable
  std::vector<float> label;
};

/// metric(prediction, label) as GLUE defines it: accuracy and f1 on class indices, correlations on
/// outputs.
double score(Metric metric, const std::vector<float>& prediction, const std::vector<float>& label);

std::string_view name(Metric metric);
std::string_view name(HeadKind head);
std::string_view name(SplitRule rule);
/// Throw ConfigError naming the choices.
Metric metric_from_name(std::string_view text);
HeadKind head_from_name(std::string_view text);
SplitRule split_rule_from_name(std::string_view text);

}  // namespace herosweep::tasks
