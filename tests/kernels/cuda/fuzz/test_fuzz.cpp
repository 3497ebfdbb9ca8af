// A thousand random shapes over all operators. HEROSWEEP_FUZZ_CASES and HEROSWEEP_FUZZ_SEED ask for
// more, or for others; a failing case is drawn from its own seed, which the message names.
#include <cmath>
#include <cstdlib>
#include <string>

#include "tests/catch.h"
#include "tests/kernels/cuda/fuzz/fuzz.h"

namespace herosweep::kernels::fuzz {

int Random::octaves(int high) {
  const double exponent =
      std::uniform_real_distribution<double>(0.0, std::log2(high + 1.0))(generator_);
  return std::min(static_cast<int>(std::exp2(exponent)), high);
}

namespace {

struct Operator {
  const char* name;
  int share;  // of the cases, in tenths
  void (*check)(Random&);
};
constexpr Operator kOperators[] = {{"gemm", 4, check_random_gemm},
                                   {"attention", 2, check_random_attention},
                                   {"layer norm", 2, check_random_layer_norm},
                                   {"embedding", 1, check_random_embedding},
                                   {"quantize", 1, check_random_quantize}};

const Operator& operator_of(int tenth) {
  for (const Operator& candidate : kOperators) {
    if (tenth < candidate.share) return candidate;
    tenth -= candidate.share;
  }
  return kOperators[0];
}

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

}  // namespace

TEST_CASE("random shapes of every operator agree with the reference", "[cuda]") {
  const unsigned cases = number_from("HEROSWEEP_FUZZ_CASES", 1000);
  const unsigned first = number_from("HEROSWEEP_FUZZ_SEED", 1);
  for (unsigned seed = first; seed < first + cases; ++seed) {
    Random random(seed);
    const Operator& chosen = operator_of(static_cast<int>(seed % 10));
    INFO(chosen.name << ": HEROSWEEP_FUZZ_SEED=" << seed << " HEROSWEEP_FUZZ_CASES=1");
    chosen.check(random);
  }
}

}  // namespace herosweep::kernels::fuzz
