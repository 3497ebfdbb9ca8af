#include "tests/kernels/attention_checks.h"
#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/cuda/fuzz/fuzz.h"

namespace herosweep::kernels::fuzz {
namespace {

int random_head_size(Random& random) {
  constexpr int kUsual[] = {32, 64, 80, 96, 128};
  return random.one_in(2) ? kUsual[random.between(0, 4)] : random.between(1, 256);
}

AttentionCase random_case(Random& random) {
  std::vector<int> rows;
  for (int s = random.between(1, 5); s > 0; --s)
    rows.push_back(random.one_in(8) ? random.between(129, 400) : random.between(0, 128));
  const ElementType type = random.one_in(2) ? ElementType::s8 : ElementType::f32;
  AttentionCase c(random.between(1, 3), random_head_size(random), rows, type);
  if (random.one_in(2)) {
    for (const int count : rows) c.lengths.push_back(random.between(0, count));
  }
  if (random.one_in(3)) c.softmax = SoftmaxMode::static_range;
  if (random.one_in(3)) c.range = kDeepSpeedRange;
  if (random.one_in(4)) c.score_scale *= 4.0f;  // few keys take everything
  to_half(c.qkv_f32);
  return c;
}

}  // namespace

void check_random_attention(Random& random) {
  check_attention(random_case(random), device_backend(), kHalf);
}

}  // namespace herosweep::kernels::fuzz
