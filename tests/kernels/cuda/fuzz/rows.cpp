#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/cuda/fuzz/fuzz.h"
#include "tests/kernels/cuda/rows/row_shapes.h"
#include "tests/kernels/embedding_case.h"
#include "tests/kernels/layer_norm_case.h"
#include "tests/kernels/quantize_case.h"

namespace herosweep::kernels::fuzz {

void check_random_layer_norm(Random& random) {
  const RowShape shape = random_shape(random.generator());
  LayerNormCase c(shape.rows, shape.cols, kInputs[random.between(0, 5)], random.seed());
  to_half(c.residual_f32);
  to_half(c.x_f32);
  c.every_scale = random.one_in(4);
  c.epsilon = random.one_in(2) ? 1e-12f : 1e-5f;
  c.check_agrees(device_backend(), Storage::f16, {kRowFormats[random.between(0, 4)]});
}

void check_random_embedding(Random& random) {
  const RowShape shape = random_shape(random.generator());
  const ElementType type = random.one_in(2) ? ElementType::s8 : ElementType::f32;
  EmbeddingCase c(shape.rows, shape.cols, type, random.seed());
  to_half(c.token_f32);
  to_half(c.position);
  to_half(c.type);
  c.check_agrees(device_backend(), Storage::f16);
}

void check_random_quantize(Random& random) {
  const RowShape shape = random_shape(random.generator());
  QuantizeCase c(shape.rows, shape.cols, static_cast<Activation>(random.between(0, 2)),
                 random.seed());
  to_half(c.x);
  c.check_agrees(device_backend(), Storage::f16);
}

}  // namespace herosweep::kernels::fuzz
