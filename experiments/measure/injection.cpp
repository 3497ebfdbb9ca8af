#include "experiments/measure/injection.h"

#include <unistd.h>

#include <cstdlib>
#include <new>
#include <sstream>

#include "core/engine/engine.h"

namespace herosweep::measure {

namespace {

[[noreturn]] void fail(const std::string& kind, const std::string& plan) {
  if (kind == "crash") std::abort();
  if (kind == "oom") throw std::bad_alloc();
  if (kind == "nan") throw engine::NonFiniteError("injected into plan " + plan);
  while (true) pause();  // hang
}

}  // namespace

bool is_injected(const std::string& kind, const quant::Plan& plan, const std::string& stage) {
  const char* wishes = std::getenv("HEROSWEEP_INJECT");
  if (!wishes) return false;
  std::istringstream list(wishes);
  for (std::string wish; std::getline(list, wish, ',');) {
    const size_t at = wish.find('@'), colon = wish.find(':');
    if (at == std::string::npos || wish.substr(0, at) != kind) continue;
    const std::string name = wish.substr(at + 1, colon - at - 1);
    const bool this_stage = colon == std::string::npos || wish.substr(colon + 1) == stage;
    if (this_stage && (name == plan.name || name == quant::display_name(plan.name))) return true;
  }
  return false;
}

void inject_failure(const quant::Plan& plan, const std::string& stage) {
  for (const char* kind : {"crash", "hang", "nan", "oom"})
    if (is_injected(kind, plan, stage)) fail(kind, plan.name);
}

}  // namespace herosweep::measure
