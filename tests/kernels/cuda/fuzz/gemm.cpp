#include <algorithm>

#include "tests/catch.h"
#include "tests/kernels/cuda/fuzz/fuzz.h"
#include "tests/kernels/cuda/portable_case.h"

namespace herosweep::kernels::fuzz {
namespace {

constexpr OutputKind kKinds[] = {OutputKind::f32, OutputKind::folded, OutputKind::feature_wise,
                                 OutputKind::f32_and_s8};

/// Half of the sizes are what TMA can address.
GemmShape random_shape(Random& random) {
  const int m = random.octaves(400);
  if (random.one_in(2)) return {m, 16 * random.between(1, 32), 16 * random.between(1, 48)};
  return {m, random.octaves(300), random.octaves(800)};
}

GemmCase random_case(Random& random) {
  GemmCase gemm = portable_case(random_shape(random), kOperandPairs[random.between(0, 4)]);
  draw_epilogue(gemm, random.seed());
  if (random.one_in(4)) gemm.token_scale.clear();
  if (random.one_in(4)) gemm.bias.clear();
  if (random.one_in(3)) gemm.range = kDeepSpeedRange;
  gemm.activation = static_cast<Activation>(random.between(0, 2));
  return gemm;
}

/// Full-range bytes whose INT32 sums the bias takes to small integers: one unit off would show in
/// both outputs.
void check_sums_are_exact(Random& random) {
  const ElementType w = random.one_in(3) ? ElementType::s4 : ElementType::s8;
  GemmCase gemm = cancelled(portable_case(random_shape(random), {ElementType::s8, w}));
  std::vector<float> expected;
  for (float& bias : gemm.bias) {
    expected.push_back(static_cast<float>(random.between(-3, 3)));
    bias += expected.back();
  }
  for (const OutputKind kind : {OutputKind::f32, OutputKind::folded}) {
    INFO(gemm.name() << ", output " << static_cast<int>(kind));
    const GemmResult actual = gemm.run(device_backend(), kind);
    const auto n = static_cast<size_t>(gemm.shape.n);
    bool exact = true;
    for (size_t i = 0; i < actual.f32.size(); ++i) exact &= actual.f32[i] == expected[i % n];
    for (size_t i = 0; i < actual.s8.size(); ++i)
      exact &= static_cast<float>(actual.s8[i]) == expected[i % n];
    CHECK(exact);
  }
}

}  // namespace

void check_random_gemm(Random& random) {
  if (random.one_in(4)) return check_sums_are_exact(random);
  const GemmCase gemm = random_case(random);
  const OutputKind kind = kKinds[random.between(0, 3)];
  check_agrees(gemm, kind, device_backend(), gemm.run(reference_backend(), kind));
}

}  // namespace herosweep::kernels::fuzz
