#include "tests/kernels/embedding_case.h"

#include <cmath>

#include "tests/catch.h"

namespace herosweep::kernels {
namespace {

constexpr double kEps = 0x1p-24;
constexpr int kVocabulary = 50;
constexpr int kPositions = 40;
constexpr int kTypes = 2;

}  // namespace

EmbeddingCase::EmbeddingCase(int row_count, int col_count, ElementType table_type, unsigned seed)
    : rows(row_count), cols(col_count), token_type(table_type) {
  std::mt19937 random(seed);
  const auto size = static_cast<size_t>(cols);
  token_f32 = normal_values(random, kVocabulary * size, 0.5f);
  token_s8 = int8_values(random, kVocabulary * size, -127, 127);
  row_scale = uniform_values(random, kVocabulary, 0.001f, 0.01f);
  position = normal_values(random, kPositions * size, 0.2f);
  type = normal_values(random, kTypes * size, 0.1f);
  gamma = uniform_values(random, size, 0.3f, 1.4f);
  beta = normal_values(random, size, 0.3f);
  inverse_scale = uniform_values(random, size, 20.0f, 60.0f);
  for (int t = 0; t < rows; ++t) {
    ids.push_back(t == 0 ? kVocabulary - 1 : static_cast<int32_t>(random() % kVocabulary));
    positions.push_back(t % kPositions);
    types.push_back(t % kTypes);
  }
}

RowOutputs EmbeddingCase::run(const Backend& backend, Format format) const {
  RowOutputs outputs;
  EmbeddingArgs a;
  a.rows = rows;
  a.cols = cols;
  a.ids = ids.data();
  a.positions = positions.data();
  a.types = types.data();
  a.token_type = token_type;
  a.token_table = token_f32.data();
  if (token_type == ElementType::s8) {
    a.token_table = token_s8.data();
    a.token_row_scale = row_scale.data();
  }
  a.position_table = position.data();
  a.type_table = type.data();
  a.gamma = gamma.data();
  a.beta = beta.data();
  a.out = outputs.bind(format, rows, cols, inverse_scale);
  a.nonfinite = &outputs.nonfinite;
  backend.embedding(a);
  outputs.check_guards();
  return outputs;
}

void EmbeddingCase::check_agrees(const Backend& backend, Storage storage) const {
  for (const Format format : all_formats()) {
    CAPTURE(backend.isa, rows, cols, static_cast<int>(token_type), format_name(format));
    const RowOutputs expected = run(reference_backend(), format);
    const RowOutputs actual = run(backend, format);
    check_same_bytes(actual, expected);
    check_close(actual.f32, expected.f32, [&](size_t i) {
      return kEps * (cols / 16.0 + 64.0) * (2.0 + std::fabs(double{expected.f32[i]})) +
             storage_rounding(storage, expected.f32[i]);
    });
    CHECK_FALSE(actual.nonfinite);
  }
}

}  // namespace herosweep::kernels
