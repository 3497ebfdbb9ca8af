#include "experiments/report/glue_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace herosweep::report {

namespace {

using tasks::Metric;

constexpr std::array<GlueColumn, 12> kColumns{{
    {"cola.matthews", "cola", "CoLA", "Mcc", Metric::matthews},
    {"mnli_m.accuracy", "mnli_m", "MNLI", "m", Metric::accuracy},
    {"mnli_mm.accuracy", "mnli_mm", "MNLI", "mm", Metric::accuracy},
    {"mrpc.accuracy", "mrpc", "MRPC", "acc", Metric::accuracy},
    {"mrpc.f1", "mrpc", "MRPC", "F1", Metric::f1},
    {"qnli.accuracy", "qnli", "QNLI", "acc", Metric::accuracy},
    {"qqp.accuracy", "qqp", "QQP", "acc", Metric::accuracy},
    {"qqp.f1", "qqp", "QQP", "F1", Metric::f1},
    {"rte.accuracy", "rte", "RTE", "acc", Metric::accuracy},
    {"sst2.accuracy", "sst2", "SST-2", "acc", Metric::accuracy},
    {"stsb.pearson", "stsb", "STS-B", "Pear.", Metric::pearson},
    {"stsb.spearman", "stsb", "STS-B", "Spear.", Metric::spearman},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kTaskNames{{
    {"cola", "cola"},
    {"mnli", "mnli_m"},
    {"mnlim", "mnli_m"},
    {"mnlimatched", "mnli_m"},
    {"mnlimm", "mnli_mm"},
    {"mnlimismatched", "mnli_mm"},
    {"mrpc", "mrpc"},
    {"qnli", "qnli"},
    {"qqp", "qqp"},
    {"rte", "rte"},
    {"sst2", "sst2"},
    {"stsb", "stsb"},
    {"stsbenchmark", "stsb"},
}};

}  // namespace

std::span<const GlueColumn> glue_columns() { return kColumns; }

bool is_glue_column(std::string_view key) {
  return std::any_of(kColumns.begin(), kColumns.end(),
                     [&](const GlueColumn& column) { return column.key == key; });
}

std::string glue_column_names() {
  std::string out;
  for (const GlueColumn& column : kColumns)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", column.key);
  return out;
}

std::string_view glue_task(const std::string& name) {
  std::string letters;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (letters.starts_with("glue")) letters.erase(0, 4);
  for (const auto& [written, task] : kTaskNames)
    if (written == letters) return task;
  return "";
}

}  // namespace herosweep::report
