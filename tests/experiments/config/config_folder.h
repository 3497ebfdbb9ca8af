// A folder of configuration files that lives as long as a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/util/error.h"
#include "experiments/config/config.h"

namespace herosweep::test {

class ConfigFolder {
 public:
  ConfigFolder() : path_(std::filesystem::temp_directory_path() / unique_name()) {
    std::filesystem::create_directories(path_);
  }
  ~ConfigFolder() { std::filesystem::remove_all(path_); }
  ConfigFolder(const ConfigFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

  /// A task file and a sweep that needs `body` under `sweep:`.
  std::filesystem::path write_sweep(const std::string& body) const {
    write("tasks/toy.yaml",
          "file: toy.tsv\ntext_columns: [2]\nlabel_column: 1\nsplit_rule: sha256-mod5\n"
          "head: ridge\nmetric: spearman\nhead_lambda: 0.3\n");
    return write("sweep.yaml", "model: {path: model}\ntasks: [toy]\n" + body);
  }

  /// The problems of `file`, one a line, without this folder's path; "" when there are none.
  std::string problems(const std::filesystem::path& file,
                       const std::vector<std::string>& overrides = {}) const {
    try {
      config::parse(file, overrides);
      return "";
    } catch (const ConfigError& error) {
      return without_path(error.what());
    }
  }

  std::string without_path(std::string text) const {
    const std::string prefix = path_.string() + "/";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

 private:
  static std::string unique_name() {
    std::random_device random;
    return "herosweep-config-" + std::to_string(random()) + std::to_string(random());
  }

  std::filesystem::path path_;
};

}  // namespace herosweep::test
