#include "experiments/cli/predict_input.h"

#include <fmt/format.h>

#include <fstream>

#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "core/util/sha256.h"

namespace herosweep::cli {

namespace {

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  size_t start = 0;
  for (size_t tab; (tab = line.find('\t', start)) != std::string::npos; start = tab + 1)
    columns.push_back(line.substr(start, tab - start));
  columns.push_back(line.substr(start));
  return columns;
}

/// Task files carry labels; these rows get one that nobody reads.
std::string labelled_rows(const InputOptions& options) {
  std::ifstream in(options.file, std::ios::binary);
  if (!in)
    throw DataError(
        fmt::format("{}: cannot be read; give an existing file to --input", options.file.string()));
  std::string rows;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    const auto columns = columns_of(line);
    rows.push_back('0');
    if (options.text_columns.empty()) {
      for (char& c : line)
        if (c == '\t') c = ' ';
      rows.append(1, '\t').append(line);
    }
    for (const int column : options.text_columns) {
      if (column < 0 || column >= static_cast<int>(columns.size()))
        throw DataError(fmt::format("{}:{}: no column {} among {}; see --text-columns",
                                    options.file.string(), number, column, columns.size()));
      rows.append(1, '\t').append(columns[column]);
    }
    rows.push_back('\n');
  }
  if (rows.empty()) throw DataError(options.file.string() + ": no text to predict on");
  return rows;
}

}  // namespace

engine::Batch tokenize_input(const InputOptions& options, const std::filesystem::path& model,
                             const std::filesystem::path& cache) {
  const std::string rows = labelled_rows(options);
  std::filesystem::create_directories(cache / "predict");
  const auto file = cache / "predict" / (util::sha256(rows) + ".tsv");
  util::write_file_atomically(file, rows);
  tasks::TaskSpec spec;
  spec.name = options.file.filename().string();
  spec.files["test"] = file;
  spec.label_column = "0";
  spec.text_columns = {"1"};
  if (options.text_columns.size() == 2) spec.text_columns.push_back("2");
  spec.max_length = options.max_length;
  spec.head = options.embed_pairs_apart ? tasks::HeadKind::cosine : tasks::HeadKind::classifier;
  auto prepared = tasks::prepare(spec, model, cache);
  std::filesystem::remove(file);
  return std::move(prepared.eval.tokens);
}

}  // namespace herosweep::cli
