// Main of the test programs that need a GPU: exit code 77 (skipped, for CTest) where there is none.
#ifndef HEROSWEEP_CATCH_V3
#define CATCH_CONFIG_RUNNER
#endif
#include <cstdio>

#include "kernels/cuda/cuda.h"
#include "tests/catch.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;
  const auto status = herosweep::kernels::cuda_status();
  if (!status.usable) {
    std::printf("skipped: %s\n", status.reason.c_str());
    return kSkipped;
  }
  return Catch::Session().run(argc, argv);
}
