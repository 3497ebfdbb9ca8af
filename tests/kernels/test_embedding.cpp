#include <limits>

#include "tests/catch.h"
#include "tests/kernels/embedding_case.h"

namespace herosweep::kernels {

TEST_CASE("embedding agrees with the reference for both table types, every format and shape") {
  for (const Backend* backend : cpu_instruction_sets()) {
    for (const ElementType type : {ElementType::f32, ElementType::s8}) {
      for (const int cols : {1, 33, 384}) {
        for (const int rows : {1, 61}) {
          EmbeddingCase(rows, cols, type).check_agrees(*backend, Storage::f32);
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
