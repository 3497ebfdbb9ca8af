// A worker process: reads jobs from standard input, answers on standard output (protocol.h).
#pragma once

namespace herosweep::measure {

/// Runs until "quit", the end of standard input, or the parent's death. Returns the exit status.
int run_worker();

}  // namespace herosweep::measure
