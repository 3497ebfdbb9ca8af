#include "experiments/measure/runner.h"

#include <sched.h>

#include <algorithm>

#include "experiments/measure/session.h"

namespace herosweep::measure {

int processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return std::max(CPU_COUNT(&allowed), 1);
}

RunSummary run_sweep(const sweep::Sweep& sweep, store::Store& store,
                     const nlohmann::json& environment, const RunOptions& options,
                     ProgressDisplay& display) {
  Session session(store, environment, options, display);
  session.run(sweep);
  return session.finish();
}

}  // namespace herosweep::measure
