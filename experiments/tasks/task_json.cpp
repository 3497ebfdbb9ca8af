#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/util/error.h"
#include "experiments/tasks/synthetic.h"
#include "experiments/tasks/task.h"

namespace herosweep::tasks {
namespace {

using nlohmann::json;

template <typename Enum, size_t n>
using Names = std::array<std::pair<Enum, std::string_view>, n>;

constexpr Names<HeadKind, 5> kHeads{{{HeadKind::classifier, "classifier"},
                                     {HeadKind::ridge, "ridge"},
                                     {HeadKind::logistic, "logistic"},
                                     {HeadKind::cosine, "cosine"},
                                     {HeadKind::fidelity, "fidelity"}}};
constexpr Names<Metric, 6> kMetrics{{{Metric::accuracy, "accuracy"},
                                     {Metric::f1, "f1"},
                                     {Metric::matthews, "matthews"},
                                     {Metric::pearson, "pearson"},
                                     {Metric::spearman, "spearman"},
                                     {Metric::mean, "mean"}}};
constexpr Names<SplitRule, 2> kSplitRules{
    {{SplitRule::files, "files"}, {SplitRule::sha256_mod5, "sha256-mod5"}}};

template <typename Enum, size_t n>
std::string_view name_in(const Names<Enum, n>& names, Enum value) {
  for (const auto& [key, text] : names)
    if (key == value) return text;
  return "";
}

template <typename Enum, size_t n>
Enum value_in(const Names<Enum, n>& names, std::string_view what, std::string_view text) {
  std::string choices;
  for (const auto& [key, choice] : names) {
    if (choice == text) return key;
    choices += choices.empty() ? "" : ", ";
    choices += choice;
  }
  throw ConfigError(fmt::format("{} {} is unknown, choose one of: {}", what, text, choices));
}

json selection(const TaskSpec& spec) {
  json fields{{"format", spec.format},
              {"header", spec.header},
              {"text_columns", spec.text_columns},
              {"label_column", spec.label_column},
              {"split_rule", name(spec.split_rule)},
              {"eval_split", spec.eval_split},
              {"train_split", spec.train_split},
              {"min_abs_label", spec.min_abs_label},
              {"binarize", spec.binarize},
              {"labels", spec.labels},
              {"max_length", spec.max_length},
              {"head", name(spec.head)},
              {"metric", name(spec.metric)},
              {"head_lambda", spec.head_lambda}};
  // Only where they mean something: identities of other tasks stay what they were.
  if (spec.format == kRandomIds) {
    fields["random_rows"] = spec.random_rows;
    fields["random_vocabulary"] = spec.random_vocabulary;
  }
  return fields;
}

void read(const json& object, TaskSpec& spec) {
  object.at("name").get_to(spec.name);
  for (const auto& [split, file] : object.at("files").items())
    spec.files[split] = file.get<std::string>();
  object.at("format").get_to(spec.format);
  object.at("header").get_to(spec.header);
  object.at("text_columns").get_to(spec.text_columns);
  object.at("label_column").get_to(spec.label_column);
  spec.split_rule = split_rule_from_name(object.at("split_rule").get<std::string>());
  object.at("eval_split").get_to(spec.eval_split);
  object.at("train_split").get_to(spec.train_split);
  spec.head = head_from_name(object.at("head").get<std::string>());
  spec.metric = metric_from_name(object.at("metric").get<std::string>());
  object.at("head_lambda").get_to(spec.head_lambda);
  object.at("min_abs_label").get_to(spec.min_abs_label);
  object.at("binarize").get_to(spec.binarize);
  object.at("labels").get_to(spec.labels);
  object.at("max_length").get_to(spec.max_length);
  spec.random_rows = object.value("random_rows", 0);
  spec.random_vocabulary = object.value("random_vocabulary", 0);
  object.at("fetch_hint").get_to(spec.fetch_hint);
  object.at("source").get_to(spec.source);
}

}  // namespace

std::string_view name(Metric metric) { return name_in(kMetrics, metric); }
std::string_view name(HeadKind head) { return name_in(kHeads, head); }
std::string_view name(SplitRule rule) { return name_in(kSplitRules, rule); }
Metric metric_from_name(std::string_view text) { return value_in(kMetrics, "metric", text); }
HeadKind head_from_name(std::string_view text) { return value_in(kHeads, "head", text); }
SplitRule split_rule_from_name(std::string_view text) {
  return value_in(kSplitRules, "split rule", text);
}

json identity(const TaskSpec& spec) { return selection(spec); }

json to_json(const TaskSpec& spec) {
  json object = selection(spec);
  object["name"] = spec.name;
  object["fetch_hint"] = spec.fetch_hint;
  object["source"] = spec.source;
  object["files"] = json::object();
  for (const auto& [split, file] : spec.files) object["files"][split] = file.string();
  return object;
}

TaskSpec task_from_json(const json& object) {
  TaskSpec spec;
  try {
    read(object, spec);
  } catch (const json::exception& error) {
    throw ConfigError(fmt::format("not a task: {}", error.what()));
  }
  if (const auto found = problems(spec); !found.empty())
    throw ConfigError(fmt::format("task {}: {}", spec.name, found.front()));
  return spec;
}

}  // namespace herosweep::tasks
