#include <limits>

#include "tests/catch.h"
#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/cuda/rows/row_shapes.h"
#include "tests/kernels/embedding_case.h"

namespace herosweep::kernels {
namespace {

/// The case with tables that FP16 holds.
EmbeddingCase half_case(RowShape shape, ElementType type, unsigned seed = 11) {
  EmbeddingCase c(shape.rows, shape.cols, type, seed);
  to_half(c.token_f32);
  to_half(c.position);
  to_half(c.type);
  return c;
}

}  // namespace

TEST_CASE("cuda embedding agrees with the reference for both table types and every format") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    for (const RowShape shape : few_rows())
      half_case(shape, type).check_agrees(device_backend(), Storage::f16);
    for (const RowShape shape : {RowShape{600, 768}, RowShape{1500, 384}, RowShape{1500, 768}})
      half_case(shape, type).check_agrees(device_backend(), Storage::f16);
  }
}

TEST_CASE("cuda embedding agrees with the reference on 50 random shapes") {
  std::mt19937 random(99);
  for (unsigned i = 0; i < 50; ++i) {
    const ElementType type = random() % 2 == 0 ? ElementType::s8 : ElementType::f32;
    CAPTURE(i);
    half_case(random_shape(random), type, i).check_agrees(device_backend(), Storage::f16);
  }
}

TEST_CASE("cuda embedding flags a token whose table row is not finite, and only then") {
  EmbeddingCase c = half_case({8, 32}, ElementType::f32);
  c.ids.assign(8, 3);
  c.token_f32[5 * 32 + 2] = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(c.run(device_backend(), Format::token_wise).nonfinite);
  c.ids[6] = 5;
  CHECK(c.run(device_backend(), Format::token_wise).nonfinite);
}

}  // namespace herosweep::kernels
