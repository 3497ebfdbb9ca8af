// Text to predict on, without labels, as an engine's batch.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/tasks/task.h"

namespace herosweep::cli {

struct InputOptions {
  std::filesystem::path file;      // one example a line; columns separated by tabs
  std::vector<int> text_columns;   // one, or two for pairs; empty: the whole line
  bool embed_pairs_apart = false;  // sequences 2i and 2i + 1 instead of one
  int max_length = 0;              // 0: not given
};

/// Lines that are not blank, tokenized with the model's tokenizer. Throws DataError.
engine::Batch tokenize_input(const InputOptions& options, const std::filesystem::path& model,
                             const std::filesystem::path& cache);

}  // namespace herosweep::cli
