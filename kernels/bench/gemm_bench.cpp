// GEMM of the shapes of MiniLM and BERT-base, as a rate and as a fraction of what the processor's
// multipliers reach in a loop that touches registers only: `of_peak` is the median over iterations,
// each beside a peak measured just before and just after it, both in processor time of the calling
// thread (other programs on the machine take wall time from a long GEMM, but not from a short
// peak).
//
//   herosweep_bench_gemm --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
//                        --benchmark_report_aggregates_only=true
//
// One thread; HEROSWEEP_BENCH_THREADS changes that, and the peak counts every thread.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/bench/multiplier_peak.h"
#include "kernels/cpu/isa.h"

namespace herosweep::kernels {
namespace {

struct LayerShape {
  int k;
  int n;
};
constexpr LayerShape kMiniLm[] = {{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}};
constexpr LayerShape kBertBase[] = {{768, 2304}, {768, 768}, {768, 3072}, {3072, 768}};
constexpr int kRows[] = {1, 128, 1024};

/// What a GEMM reads and writes; each is what one of the plans' layers does.
struct Variant {
  const char* name;
  ElementType x;
  ElementType w;
  bool token_scale;
  bool int8_out;
  Activation activation;
};
constexpr Variant kVariants[] = {
    {"s8_token_to_f32", ElementType::s8, ElementType::s8, true, false, Activation::none},
    {"s8_folded_to_s8", ElementType::s8, ElementType::s8, false, true, Activation::none},
    {"s8_gelu_to_s8", ElementType::s8, ElementType::s8, true, true, Activation::gelu_erf},
    {"s4_token_to_f32", ElementType::s8, ElementType::s4, true, false, Activation::none},
    {"f32_to_f32", ElementType::f32, ElementType::f32, false, false, Activation::none},
    {"f32_gelu_to_f32", ElementType::f32, ElementType::f32, false, false, Activation::gelu_erf},
    {"f32_weight_s8_to_f32", ElementType::f32, ElementType::s8, false, false, Activation::none},
    {"f32_weight_s4_to_f32", ElementType::f32, ElementType::s4, false, false, Activation::none},
};

using Clock = std::chrono::steady_clock;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

int bench_threads() {
  const char* threads = std::getenv("HEROSWEEP_BENCH_THREADS");
  return threads != nullptr ? std::atoi(threads) : 1;
}

struct FreeDeleter {
  void operator()(void* p) const { std::free(p); }
};
using AlignedBytes = std::unique_ptr<void, FreeDeleter>;

AlignedBytes allocate(size_t bytes) {
  return AlignedBytes(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
}

AlignedBytes random_matrix(ElementType type, size_t values) {
  std::mt19937 generator(1);
  AlignedBytes data = allocate(values * sizeof(float));
  if (type == ElementType::f32) {
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < values; ++i) static_cast<float*>(data.get())[i] = normal(generator);
  } else {
    for (size_t i = 0; i < values; ++i) {
      static_cast<int8_t*>(data.get())[i] = static_cast<int8_t>(generator() % 255 - 127);
    }
  }
  return data;
}

void run_gemm(benchmark::State& state, Variant variant, int m, LayerShape shape) {
  const Backend& backend = cpu_backend();
  const auto rows = static_cast<size_t>(m);
  const auto n = static_cast<size_t>(shape.n);
  const auto k = static_cast<size_t>(shape.k);
  const AlignedBytes x = random_matrix(variant.x, rows * k);
  const AlignedBytes w = random_matrix(variant.w, n * k);
  const AlignedBytes packed = allocate(backend.packed_bytes(variant.w, shape.n, shape.k));
  backend.pack(variant.w, w.get(), shape.n, shape.k, packed.get());
  const AlignedBytes out = allocate(rows * n * sizeof(float));
  const std::vector<float> token_scale(rows, 1e-2f);
  const std::vector<float> row_scale(n, 1e-3f);
  const std::vector<float> bias(n, 0.5f);
  const std::vector<float> inverse_scale(n, 40.0f);

  GemmArgs args;
  args.m = m;
  args.x_type = variant.x;
  args.x = x.get();
  args.token_scale = variant.token_scale ? token_scale.data() : nullptr;
  args.w = {variant.w, shape.n, shape.k, packed.get()};
  args.row_scale = variant.w == ElementType::f32 ? nullptr : row_scale.data();
  args.bias = bias.data();
  args.activation = variant.activation;
  if (variant.int8_out) {
    args.out.s8 = static_cast<int8_t*>(out.get());
    if (variant.token_scale) args.out.inverse_scale = inverse_scale.data();
  } else {
    args.out.f32 = static_cast<float*>(out.get());
  }
  bool nonfinite = false;
  args.nonfinite = &nonfinite;

  const bench::Multiplier multiplier =
      variant.x == ElementType::f32 ? bench::Multiplier::fma : bench::Multiplier::dot_product;
  const double operations = 2.0 * m * shape.n * shape.k;
  std::vector<double> fractions;
  double peak = bench::measure_peak_gops(multiplier);
  for (auto _ : state) {
    const auto start = Clock::now();
    const double cpu_start = bench::thread_cpu_s();
    backend.gemm(args);
    const double cpu_s = bench::thread_cpu_s() - cpu_start;
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    const double peak_after = bench::measure_peak_gops(multiplier);
    const double peak_of_threads = (peak + peak_after) / 2 * omp_get_max_threads();
    fractions.push_back(operations / cpu_s * 1e-9 / peak_of_threads);
    peak = peak_after;
  }
  state.counters["GOPS"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["of_peak"] = median(fractions);
}

void register_benchmarks() {
  for (const Variant& variant : kVariants) {
    for (const auto& model : {kMiniLm, kBertBase}) {
      for (int layer = 0; layer < 4; ++layer) {
        const LayerShape shape = model[layer];
        for (const int m : kRows) {
          const std::string name = std::string(variant.name) + "/m:" + std::to_string(m) +
                                   "/k:" + std::to_string(shape.k) +
                                   "/n:" + std::to_string(shape.n);
          benchmark::RegisterBenchmark(
              name.c_str(), [=](benchmark::State& state) { run_gemm(state, variant, m, shape); })
              ->Unit(benchmark::kMicrosecond)
              ->UseManualTime();
        }
      }
    }
  }
}

}  // namespace
}  // namespace herosweep::kernels

int main(int argc, char** argv) {
  using namespace herosweep::kernels;
  set_cpu_threads(bench_threads());
  register_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("isa", cpu_backend().isa);
  benchmark::RunSpecifiedBenchmarks();
}
