#include <fmt/format.h>

#include "experiments/config/codecs.h"
#include "experiments/config/task_file.h"

namespace herosweep::config {
namespace {

using nlohmann::json;
using tasks::TaskSpec;

bool read_files(const Cursor& at, TaskSpec& spec) {
  if (at.value.kind != Value::Kind::map) return at.expected("a map of splits to files");
  bool good = true;
  for (const Member& member : at.value.members) {
    good = PathName{}.read(at.member(member), spec.files[member.key]) && good;
  }
  return good;
}

json files_schema() { return {{"type", "object"}, {"additionalProperties", PathName{}.schema()}}; }

Choice<std::string> formats() {
  return {{{"tsv", "tsv"}, {"csv", "csv"}, {"jsonl", "jsonl"}, {"label text", "label text"}}};
}

Choice<tasks::SplitRule> split_rules() {
  return {{{"files", tasks::SplitRule::files}, {"sha256-mod5", tasks::SplitRule::sha256_mod5}}};
}

Choice<tasks::HeadKind> heads() {
  Choice<tasks::HeadKind> choice;
  for (auto head : {tasks::HeadKind::classifier, tasks::HeadKind::ridge, tasks::HeadKind::logistic,
                    tasks::HeadKind::cosine}) {
    choice.table.emplace_back(tasks::name(head), head);
  }
  return choice;
}

Choice<tasks::Metric> metrics() {
  Choice<tasks::Metric> choice;
  for (auto metric : {tasks::Metric::accuracy, tasks::Metric::f1, tasks::Metric::matthews,
                      tasks::Metric::pearson, tasks::Metric::spearman}) {
    choice.table.emplace_back(tasks::name(metric), metric);
  }
  return choice;
}

using TextList = ListOf<Text, std::string>;

std::vector<Field<TaskSpec>> make_fields() {
  return {
      field("name", &TaskSpec::name, Identifier{}, "What tables call the task."),
      custom_field<TaskSpec>("files", read_files, files_schema,
                             "The file of every split; one `all` for split_rule sha256-mod5."),
      custom_field<TaskSpec>(
          "file",
          [](const Cursor& at, TaskSpec& spec) { return PathName{}.read(at, spec.files["all"]); },
          [] { return PathName{}.schema(); }, "Short for files: {all: FILE}."),
      field("format", &TaskSpec::format, formats(),
            "How a line is read; `label text`: its first word is the label."),
      field("header", &TaskSpec::header, Boolean{}, "The first line names the columns."),
      field("text_columns", &TaskSpec::text_columns, TextList{Text{false}},
            "One column of text, or two for pairs: indices from 0, header names or JSON keys."),
      field("label_column", &TaskSpec::label_column, Text{false}, "The column of the label."),
      field("split_rule", &TaskSpec::split_rule, split_rules(),
            "files: one file a split; sha256-mod5: a row is test where the hash of its text, "
            "modulo 5, is 0."),
      field("eval_split", &TaskSpec::eval_split, Text{false}, "The split that is scored."),
      field("split", &TaskSpec::eval_split, Text{false}, "Short for eval_split."),
      field("train_split", &TaskSpec::train_split, Text{false},
            "The split that fits heads and calibrates."),
      field("head", &TaskSpec::head, heads(), "What turns the encoder's output into a prediction."),
      field("metric", &TaskSpec::metric, metrics(), "The score of the task, as GLUE defines it."),
      field("head_lambda", &TaskSpec::head_lambda, Number{},
            "Strength of the ridge (times the train rows) or of the logistic head's L2 term."),
      field("min_abs_label", &TaskSpec::min_abs_label, Number{},
            "Rows with a smaller |label| are dropped."),
      field("binarize", &TaskSpec::binarize, Boolean{}, "Labels become label > 0."),
      field("labels", &TaskSpec::labels, TextList{Text{false}},
            "Names of the classes in label order, checked against the checkpoint's."),
      field("max_length", &TaskSpec::max_length, Integer<>{4, 8192},
            "Tokens of a sequence, special ones included; longer ones are truncated."),
      field("fetch_hint", &TaskSpec::fetch_hint, Text{},
            "How to get missing files; shown when one is missing."),
      field("source", &TaskSpec::source, Text{}, "Citation and license of the data."),
  };
}

}  // namespace

const std::vector<Field<TaskSpec>>& task_fields() {
  static const std::vector<Field<TaskSpec>> fields = make_fields();
  return fields;
}

}  // namespace herosweep::config
