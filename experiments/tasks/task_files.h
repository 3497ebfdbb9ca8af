// The files behind a task: patterns resolved, contents hashed.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiments/tasks/task.h"

namespace herosweep::tasks {

/// Files of the train and the eval split (of "all" under sha256_mod5), patterns resolved, in the
/// order of their names. Throws DataError for what is missing: what, where, how to get it.
std::map<std::string, std::vector<std::filesystem::path>> split_files(const TaskSpec& spec);

/// tokenizer.json of the model. Throws DataError when there is none.
std::filesystem::path tokenizer_file(const std::filesystem::path& model_directory);

}  // namespace herosweep::tasks
