// Ctrl-C and SIGTERM as a number to look at.
#pragma once

namespace herosweep::measure {

/// While it lives, SIGINT and SIGTERM are counted instead of ending the process, and writing to a
/// dead worker is an error instead of SIGPIPE. One at a time.
class InterruptCounter {
 public:
  InterruptCounter();
  ~InterruptCounter();
  InterruptCounter(const InterruptCounter&) = delete;
  InterruptCounter& operator=(const InterruptCounter&) = delete;
  int count() const;
};

}  // namespace herosweep::measure
