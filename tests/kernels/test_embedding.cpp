#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {
namespace {

constexpr double kEps = 0x1p-24;
constexpr int kVocabulary = 50;
constexpr int kPositions = 40;
constexpr int kTypes = 2;

struct EmbeddingCase {
  EmbeddingCase(int row_count, int col_count, ElementType table_type)
      : rows(row_count), cols(col_count), token_type(table_type) {
    std::mt19937 random(11);
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

  RowOutputs run(const Backend& backend, Format format) const {
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

  int rows;
  int cols;
  ElementType token_type;
  std::vector<int32_t> ids, positions, types;
  std::vector<float> token_f32, row_scale, position, type, gamma, beta, inverse_scale;
  std::vector<int8_t> token_s8;
};

}  // namespace

TEST_CASE("embedding agrees with the reference for both table types, every format and shape") {
  for (const Backend* backend : cpu_instruction_sets()) {
    for (const ElementType type : {ElementType::f32, ElementType::s8}) {
      for (const int cols : {1, 33, 384}) {
        for (const int rows : {1, 61}) {
          const EmbeddingCase c(rows, cols, type);
          for (const Format format : kRowFormats) {
            CAPTURE(backend->isa, rows, cols, static_cast<int>(type), format_name(format));
            const RowOutputs expected = c.run(reference_backend(), format);
            const RowOutputs actual = c.run(*backend, format);
            check_same_bytes(actual, expected);
            check_close(actual.f32, expected.f32, [&](size_t i) {
              return kEps * (cols / 16.0 + 64.0) * (2.0 + std::fabs(double{expected.f32[i]}));
            });
            CHECK_FALSE(actual.nonfinite);
          }
        }
      }
    }
  }
}

TEST_CASE("embedding gathers the rows that the ids name") {
  EmbeddingCase c(3, 16, ElementType::f32);
  c.ids = {4, 4, 9};
  c.positions = {0, 1, 0};
  c.types = {0, 0, 1};
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const Backend* backend : backends) {
    CAPTURE(backend->isa);
    const std::vector<float> apart = c.run(*backend, Format::f32).f32;
    EmbeddingCase same = c;
    same.positions[1] = 0;
    const std::vector<float> equal = same.run(*backend, Format::f32).f32;
    CHECK(std::vector<float>(equal.begin(), equal.begin() + 16) ==
          std::vector<float>(equal.begin() + 16, equal.begin() + 32));
    CHECK(std::vector<float>(apart.begin(), apart.begin() + 16) !=
          std::vector<float>(apart.begin() + 16, apart.begin() + 32));
  }
}

TEST_CASE("embedding flags a token whose table row is not finite, and only then") {
  EmbeddingCase c(8, 32, ElementType::f32);
  c.ids.assign(8, 3);
  c.token_f32[5 * 32 + 2] = std::numeric_limits<float>::quiet_NaN();
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const Backend* backend : backends) {
    CAPTURE(backend->isa);
    c.ids[6] = 3;
    CHECK_FALSE(c.run(*backend, Format::token_wise).nonfinite);
    c.ids[6] = 5;
    CHECK(c.run(*backend, Format::token_wise).nonfinite);
  }
}

}  // namespace herosweep::kernels
