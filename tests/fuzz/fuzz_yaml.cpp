// The YAML reader: any bytes give a tree or problems; a tree that is written and read again is the
// same tree.
#include <cstdlib>
#include <memory>

#include "experiments/config/compose.h"
#include "experiments/config/yaml_reader.h"

using namespace herosweep::config;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto source = std::make_shared<const Source>(Source{"fuzz", "/none", true});
  Problems problems;
  Value tree = read_yaml(text, source, problems);
  if (!problems.empty()) {
    if (problems.text().empty()) abort();
    return 0;
  }
  const std::string written = to_yaml(tree);
  if (written.size() <= kMaxFileBytes) {
    const Value again = read_yaml(written, source, problems);
    if (!problems.empty() || to_yaml(again) != written) abort();
  }
  apply_override(tree, text, problems);
  substitute_environment(tree, problems);
  return 0;
}
