// A random BERT, text with labels and a sweep file: all that `herosweep run` needs, in a folder.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/sweep/trial.h"
#include "tests/experiments/measure/temporary_folder.h"

namespace herosweep::test {

class TinyWorld {
 public:
  /// Two layers of 64 features, two heads; 120 sentences of 3 to 12 words in "toy" (ridge,
  /// Spearman) and "toy-binary" (logistic, accuracy).
  TinyWorld();

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path cache() const { return folder_ / "cache"; }
  std::filesystem::path model() const { return folder_ / "model"; }

  /// Writes sweep.yaml with these plans ("fp16, M1") and the latency block ("" for none).
  std::filesystem::path write_sweep(const std::string& plans, const std::string& latency) const;
  sweep::Sweep sweep(const std::string& plans, const std::string& latency) const;

 private:
  void write_model() const;
  void write_tokenizer() const;
  void write_data() const;

  TemporaryFolder folder_;
};

}  // namespace herosweep::test
