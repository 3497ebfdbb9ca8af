#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "experiments/tasks/metrics.h"
#include "experiments/tasks/synthetic.h"
#include "experiments/tasks/task.h"

namespace herosweep::tasks {
namespace {

constexpr std::array<std::string_view, 4> kFormats{"tsv", "csv", "jsonl", "label text"};

bool is_fitted(HeadKind head) { return head == HeadKind::ridge || head == HeadKind::logistic; }

void check_columns(const TaskSpec& spec, std::vector<std::string>& found) {
  if (std::find(kFormats.begin(), kFormats.end(), spec.format) == kFormats.end())
    found.push_back(
        fmt::format("format \"{}\" is unknown, choose one of: tsv, csv, jsonl, "
                    "label text",
                    spec.format));
  const size_t texts = spec.format == "label text" ? 1 : spec.text_columns.size();
  if (texts < 1 || texts > 2)
    found.push_back(fmt::format("{} text columns; give one, or two for pairs", texts));
  if (spec.head == HeadKind::cosine && texts != 2)
    found.push_back("head cosine compares two sentences: give two text columns");
  if (spec.label_column.empty() && spec.format != "label text") found.push_back("no label_column");
}

void check_splits(const TaskSpec& spec, std::vector<std::string>& found) {
  if (spec.split_rule == SplitRule::sha256_mod5) {
    if (!spec.files.contains("all"))
      found.push_back("split rule sha256-mod5 needs one entry `all` in files");
    for (const std::string& split : {spec.eval_split, spec.train_split})
      if (split != "train" && split != "test")
        found.push_back(
            fmt::format("split rule sha256-mod5 makes the splits train and test, not {}", split));
    return;
  }
  if (!spec.files.contains(spec.eval_split))
    found.push_back(fmt::format("files has no entry for the eval split {}", spec.eval_split));
  if (is_fitted(spec.head) && !spec.files.contains(spec.train_split))
    found.push_back(fmt::format("head {} is fitted on the train split, but files has no entry {}",
                                name(spec.head), spec.train_split));
}

void check_metric(const TaskSpec& spec, std::vector<std::string>& found) {
  if ((spec.head == HeadKind::fidelity) != (spec.metric == Metric::mean))
    found.push_back("head fidelity and metric mean go together");
  const bool classes = is_classification(spec.metric);
  if (classes && (spec.head == HeadKind::ridge || spec.head == HeadKind::cosine))
    found.push_back(fmt::format("metric {} needs classes, head {} predicts a number",
                                name(spec.metric), name(spec.head)));
  if (!classes && spec.head == HeadKind::logistic)
    found.push_back(
        fmt::format("metric {} needs numbers, head logistic predicts classes", name(spec.metric)));
  if (spec.head == HeadKind::logistic && !spec.binarize && spec.labels.size() != 2)
    found.push_back("head logistic needs two classes: set binarize, or name two labels");
}

}  // namespace

std::vector<std::string> problems(const TaskSpec& spec) {
  std::vector<std::string> found;
  if (spec.format == kRandomIds) {
    if (spec.random_rows < 1 || spec.random_vocabulary < 1)
      found.push_back("random ids need rows and a vocabulary");
    if (spec.head != HeadKind::fidelity || spec.metric != Metric::mean)
      found.push_back("random ids have no labels: head fidelity and metric mean go with them");
    return found;
  }
  check_columns(spec, found);
  check_splits(spec, found);
  check_metric(spec, found);
  if (spec.head_lambda < 0.0) found.push_back("head_lambda is negative");
  if (spec.min_abs_label < 0.0) found.push_back("min_abs_label is negative");
  if (spec.max_length < 3)
    found.push_back(fmt::format("max_length {} leaves no room for text", spec.max_length));
  return found;
}

}  // namespace herosweep::tasks
