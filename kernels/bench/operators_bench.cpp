// Attention, layer norm, embedding and quantize on the shapes of MiniLM and BERT-base.
//
//   herosweep_bench_operators --benchmark_enable_random_interleaving=true
//                             --benchmark_repetitions=9 --benchmark_report_aggregates_only=true
//
// Attention counts the two products, 4 * rows * keys * head_size operations a head, in GOPS; the
// others count the bytes that they have to read and write, in GB/s. Time is processor time, since
// other programs may share the machine. One thread; HEROSWEEP_BENCH_THREADS changes that.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/isa.h"

namespace herosweep::kernels {
namespace {

struct AttentionShape {
  int batch;
  int heads;
  int rows;
  int head_size;
};
constexpr AttentionShape kAttentionShapes[] = {
    {1, 12, 128, 32}, {8, 12, 128, 32}, {1, 12, 128, 64}, {8, 12, 128, 64}, {8, 12, 512, 64}};

struct RowShape {
  int rows;
  int cols;
};
constexpr RowShape kRowShapes[] = {{128, 384}, {1024, 384}, {128, 768}, {1024, 768}};

int bench_threads() {
  const char* threads = std::getenv("HEROSWEEP_BENCH_THREADS");
  return threads != nullptr ? std::atoi(threads) : 1;
}

size_t area(int rows, int cols) { return static_cast<size_t>(rows) * static_cast<size_t>(cols); }

std::vector<float> normal_values(size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

/// Normal values, three deviations being 127.
std::vector<int8_t> int8_values(size_t count) {
  std::vector<int8_t> values;
  for (const float value : normal_values(count)) {
    values.push_back(static_cast<int8_t>(std::fmin(std::fmax(value * 42.0f, -127.0f), 127.0f)));
  }
  return values;
}

benchmark::Counter rate(double per_iteration, double unit) {
  return {per_iteration / unit, benchmark::Counter::kIsIterationInvariantRate};
}

void run_attention(benchmark::State& state, const Backend& backend, AttentionShape shape,
                   ElementType type) {
  set_cpu_threads(bench_threads());
  const int rows = shape.batch * shape.rows;
  const int cols = shape.heads * shape.head_size;
  const std::vector<float> qkv_f32 = normal_values(3 * area(rows, cols));
  const std::vector<int8_t> qkv_s8 = int8_values(3 * area(rows, cols));
  const std::vector<float> inverse_scale(static_cast<size_t>(cols), 100.0f);
  std::vector<float> out_f32(area(rows, cols));
  std::vector<int8_t> out_s8(area(rows, cols));
  std::vector<int32_t> offsets{0};
  for (int s = 0; s < shape.batch; ++s) offsets.push_back(offsets.back() + shape.rows);
  AttentionArgs args;
  args.heads = shape.heads;
  args.head_size = shape.head_size;
  args.sequences = shape.batch;
  args.offsets = offsets.data();
  args.type = type;
  args.score_scale = 1.0f / std::sqrt(static_cast<float>(shape.head_size));
  if (type == ElementType::s8) {
    args.qkv = qkv_s8.data();
    args.scale_q = args.scale_k = args.scale_v = 1.0f / 42.0f;
    args.out.s8 = out_s8.data();
    args.out.inverse_scale = inverse_scale.data();
  } else {
    args.qkv = qkv_f32.data();
    args.out.f32 = out_f32.data();
  }
  for (auto _ : state) backend.attention(args);
  state.counters["GOPS"] = rate(4.0 * rows * shape.rows * cols, 1e9);
}

void run_layer_norm(benchmark::State& state, const Backend& backend, RowShape shape,
                    ElementType type) {
  set_cpu_threads(bench_threads());
  const size_t count = area(shape.rows, shape.cols);
  const std::vector<float> f32 = normal_values(count);
  const std::vector<int8_t> s8 = int8_values(count);
  const std::vector<float> row_values(static_cast<size_t>(shape.rows), 0.02f);
  const std::vector<float> col_values(static_cast<size_t>(shape.cols), 0.5f);
  std::vector<float> out_f32(count);
  std::vector<int8_t> out_s8(count);
  std::vector<float> token_scale(static_cast<size_t>(shape.rows));
  LayerNormArgs args;
  args.rows = shape.rows;
  args.cols = shape.cols;
  args.gamma = args.beta = col_values.data();
  if (type == ElementType::s8) {
    args.residual = {ElementType::s8, s8.data(), row_values.data(), nullptr};
    args.x = {ElementType::s8, s8.data(), nullptr, col_values.data()};
    args.out.s8 = out_s8.data();
    args.out.token_scale = token_scale.data();
  } else {
    args.residual = {ElementType::f32, f32.data(), nullptr, nullptr};
    args.x = args.residual;
    args.out.f32 = out_f32.data();
  }
  for (auto _ : state) backend.layer_norm(args);
  const double element_bytes = type == ElementType::s8 ? 1.0 : 4.0;
  state.counters["GB/s"] = rate(3.0 * element_bytes * static_cast<double>(count), 1e9);
}

void run_quantize(benchmark::State& state, const Backend& backend, RowShape shape,
                  Activation activation) {
  set_cpu_threads(bench_threads());
  const size_t count = area(shape.rows, shape.cols);
  const std::vector<float> x = normal_values(count);
  std::vector<int8_t> out_s8(count);
  std::vector<float> token_scale(static_cast<size_t>(shape.rows));
  QuantizeArgs args;
  args.rows = shape.rows;
  args.cols = shape.cols;
  args.x = x.data();
  args.activation = activation;
  args.out.s8 = out_s8.data();
  args.out.token_scale = token_scale.data();
  for (auto _ : state) backend.quantize(args);
  state.counters["GB/s"] = rate(5.0 * static_cast<double>(count), 1e9);
}

template <typename Run, typename... Arguments>
void add(const std::string& name, Run run, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    run(state, arguments...);
  })->Unit(benchmark::kMicrosecond);
}

void register_all(const Backend& backend) {
  const auto type_name = [](ElementType type) { return type == ElementType::s8 ? "s8" : "f32"; };
  const std::string isa = std::string("/") + backend.isa;
  for (const AttentionShape& s : kAttentionShapes) {
    for (const ElementType type : {ElementType::s8, ElementType::f32}) {
      const std::string shape = std::to_string(s.batch) + "x" + std::to_string(s.heads) + "x" +
                                std::to_string(s.rows) + "x" + std::to_string(s.head_size);
      add("attention/" + shape + "/" + type_name(type) + isa, run_attention, std::cref(backend), s,
          type);
    }
  }
  for (const RowShape& s : kRowShapes) {
    const std::string shape = std::to_string(s.rows) + "x" + std::to_string(s.cols);
    for (const ElementType type : {ElementType::s8, ElementType::f32}) {
      add("layer_norm/" + shape + "/" + type_name(type) + isa, run_layer_norm, std::cref(backend),
          s, type);
    }
    add("quantize/" + shape + "/none" + isa, run_quantize, std::cref(backend), s, Activation::none);
    add("quantize/" + shape + "/gelu_erf" + isa, run_quantize, std::cref(backend), s,
        Activation::gelu_erf);
  }
}

}  // namespace
}  // namespace herosweep::kernels

int main(int argc, char** argv) {
  using herosweep::kernels::cpu::Isa;
  for (const Isa isa : {Isa::avx512_vnni, Isa::portable}) {
    if (!herosweep::kernels::cpu::is_supported(isa)) continue;
    herosweep::kernels::register_all(herosweep::kernels::cpu::backend_for(isa));
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
