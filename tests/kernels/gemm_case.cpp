#include "tests/kernels/gemm_case.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>

namespace herosweep::kernels {
namespace {

constexpr size_t kGuard = 256;
constexpr float kGuardValue = 12345.0f;
constexpr int8_t kGuardByte = 0x5a;

struct FreeDeleter {
  void operator()(void* p) const { std::free(p); }
};

const char* type_name(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return "f32";
    case ElementType::s8:
      return "s8";
    case ElementType::f16:
      return "f16";
    case ElementType::s4:
      return "s4";
  }
  return "?";
}

template <typename T>
const T* data_or_null(const std::vector<T>& v) {
  return v.empty() ? nullptr : v.data();
}

template <typename T>
void remove_guard(std::vector<T>& v, size_t size, T guard, const char* what) {
  if (v.empty()) return;
  for (size_t i = size; i < v.size(); ++i) {
    if (v[i] != guard) throw std::logic_error(fmt::format("{} written past its end", what));
  }
  v.resize(size);
}

}  // namespace

std::vector<const Backend*> cpu_backends_under_test() {
  std::vector<const Backend*> backends;
  for (const cpu::Isa isa : {cpu::Isa::avx512_vnni, cpu::Isa::portable}) {
    if (cpu::is_supported(isa)) backends.push_back(&cpu::backend_for(isa));
  }
  return backends;
}

std::vector<GemmShape> edge_shapes() {
  std::vector<GemmShape> shapes;
  for (const int m : {1, 2, 5, 6, 7, 17, 64, 129}) {
    for (const auto& [n, k] :
         {std::pair{1, 1}, {3, 65}, {65, 3}, {63, 127}, {127, 63}, {64, 384}}) {
      shapes.push_back({m, n, k});
    }
  }
  // Long sums: several runs of steps, and a part of one at the end.
  shapes.push_back({7, 70, 1537});
  shapes.push_back({13, 1, 3072});
  shapes.push_back({401, 5, 31});
  return shapes;
}

GemmCase::GemmCase(GemmShape gemm_shape, ElementType type_of_x, ElementType type_of_w)
    : shape(gemm_shape), x_type(type_of_x), w_type(type_of_w) {
  const auto m = static_cast<size_t>(shape.m);
  const auto n = static_cast<size_t>(shape.n);
  const auto k = static_cast<size_t>(shape.k);
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> byte(-128, 127);
  if (x_type == ElementType::f32) {
    for (size_t i = 0; i < m * k; ++i) x_f32.push_back(normal(generator));
  } else {
    for (size_t i = 0; i < m * k; ++i) x_s8.push_back(static_cast<int8_t>(byte(generator)));
  }
  if (w_type == ElementType::f32) {
    for (size_t i = 0; i < n * k; ++i) w_f32.push_back(normal(generator));
  } else {
    const size_t row_bytes = w_type == ElementType::s8 ? k : (k + 1) / 2;
    for (size_t i = 0; i < n * row_bytes; ++i) w_s8.push_back(static_cast<int8_t>(byte(generator)));
  }
}

std::string GemmCase::name() const {
  return fmt::format("{} x {} [{}, {}, {}]", type_name(x_type), type_name(w_type), shape.m, shape.n,
                     shape.k);
}

float GemmCase::weight(int row, int i) const {
  const auto k = static_cast<size_t>(shape.k);
  const auto r = static_cast<size_t>(row);
  const auto column = static_cast<size_t>(i);
  if (w_type == ElementType::f32) return w_f32[r * k + column];
  if (w_type == ElementType::s8) return w_s8[r * k + column];
  const int pair = static_cast<uint8_t>(w_s8[r * ((k + 1) / 2) + column / 2]);
  const int nibble = i % 2 == 0 ? pair % 16 : pair / 16;
  return static_cast<float>(nibble < 8 ? nibble : nibble - 16);
}

double GemmCase::sum_of_magnitudes(int row, int column) const {
  double sum = 0;
  for (int i = 0; i < shape.k; ++i) {
    const size_t at = static_cast<size_t>(row) * static_cast<size_t>(shape.k) + size_t(i);
    const double x = x_type == ElementType::f32 ? x_f32[at] : x_s8[at];
    sum += std::abs(x * weight(column, i));
  }
  return sum;
}

GemmResult GemmCase::run(const Backend& backend, OutputKind kind) const {
  const size_t bytes = backend.packed_bytes(w_type, shape.n, shape.k);
  if (bytes % 64 != 0) throw std::logic_error("packed_bytes is no multiple of 64");
  const std::unique_ptr<void, FreeDeleter> packed(std::aligned_alloc(64, bytes));
  const bool float_weights = w_type == ElementType::f32;
  backend.pack(w_type, float_weights ? static_cast<const void*>(w_f32.data()) : w_s8.data(),
               shape.n, shape.k, packed.get());

  const size_t size = static_cast<size_t>(shape.m) * static_cast<size_t>(shape.n);
  const bool write_f32 = kind == OutputKind::f32 || kind == OutputKind::f32_and_s8;
  const bool write_s8 = kind != OutputKind::f32;
  GemmResult result;
  if (write_f32) result.f32.assign(size + kGuard, kGuardValue);
  if (write_s8) result.s8.assign(size + kGuard, kGuardByte);

  GemmArgs args;
  args.m = shape.m;
  args.x_type = x_type;
  args.x = x_type == ElementType::f32 ? static_cast<const void*>(x_f32.data()) : x_s8.data();
  args.token_scale = data_or_null(token_scale);
  args.w = {w_type, shape.n, shape.k, packed.get()};
  args.row_scale = data_or_null(row_scale);
  args.bias = data_or_null(bias);
  args.activation = activation;
  args.out.f32 = write_f32 ? result.f32.data() : nullptr;
  args.out.s8 = write_s8 ? result.s8.data() : nullptr;
  if (kind == OutputKind::feature_wise || kind == OutputKind::f32_and_s8) {
    args.out.inverse_scale = data_or_null(inverse_scale);
  }
  args.out.range = range;
  args.nonfinite = &result.nonfinite;
  backend.gemm(args);

  remove_guard(result.f32, size, kGuardValue, "FP32 output");
  remove_guard(result.s8, size, kGuardByte, "INT8 output");
  return result;
}

}  // namespace herosweep::kernels
