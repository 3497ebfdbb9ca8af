#include "experiments/measure/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace herosweep::measure {

namespace {

volatile std::sig_atomic_t g_count = 0;

void count_signal(int) { g_count = g_count + 1; }

}  // namespace

InterruptCounter::InterruptCounter() {
  g_count = 0;
  struct sigaction action = {};
  action.sa_handler = count_signal;  // without SA_RESTART: a waiting poll returns at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

InterruptCounter::~InterruptCounter() {
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
}

int InterruptCounter::count() const { return g_count; }

}  // namespace herosweep::measure
