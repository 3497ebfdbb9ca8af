// Layer norm, embedding and quantize of the CUDA backend on rows of MiniLM, BERT-base and
// BERT-large.
//
//   herosweep_bench_cuda_rows [--benchmark_filter=layer_norm/8192x768]
//
// A graph of 20 calls is replayed; times are the device's, for one call. GB/s counts the bytes that
// the operator has to read and write once. `copy` moves the same bytes and computes nothing: the
// limit, launch included. Formats: those that plan M3 (INT8) and plan fp16 use. Layer norm runs in
// every geometry that fits; `chosen` is what the backend takes.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/bench/cuda_copy.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/rows/rows.h"

namespace herosweep::kernels {
namespace {

constexpr int kCalls = 20;
constexpr int kRows[] = {128, 1024, 2048, 8192, 16384};
constexpr int kCols[] = {384, 768, 1024};
constexpr int kFeedForward = 4;  // times the columns

size_t area(int rows, int cols) { return static_cast<size_t>(rows) * static_cast<size_t>(cols); }

/// Device memory of one benchmark.
class Arena {
 public:
  ~Arena() {
    for (void* block : blocks_) cuda_backend().release(block);
  }
  template <class T>
  T* filled(size_t count, T value) {
    const std::vector<T> host(count, value);
    blocks_.push_back(cuda_backend().allocate(count * sizeof(T)));
    cuda_backend().upload(blocks_.back(), host.data(), count * sizeof(T));
    return static_cast<T*>(blocks_.back());
  }
  bool* lowered_flag() { return reinterpret_cast<bool*>(filled(1, char{0})); }
  /// Bytes that are small INT8 values, and FP16 values of about 1 in pairs.
  int8_t* varied(size_t bytes) {
    std::vector<int8_t> host(bytes);
    unsigned state = 1;
    for (size_t i = 0; i < bytes; ++i) {
      state = state * 1664525u + 1013904223u;
      host[i] = static_cast<int8_t>(i % 2 == 1 ? 0x38 + (state >> 30) : state >> 24);
    }
    blocks_.push_back(cuda_backend().allocate(bytes));
    cuda_backend().upload(blocks_.back(), host.data(), bytes);
    return static_cast<int8_t*>(blocks_.back());
  }
  template <class T>
  T* room(size_t count) {
    blocks_.push_back(cuda_backend().allocate(count * sizeof(T)));
    return static_cast<T*>(blocks_.back());
  }

 private:
  std::vector<void*> blocks_;
};

void measure(benchmark::State& state, double bytes, const std::function<void()>& call) {
  const Backend& cuda = cuda_backend();
  const std::unique_ptr<Recording> graph = cuda.record([&] {
    for (int i = 0; i < kCalls; ++i) call();
  });
  graph->replay();
  double seconds = 0.0;
  for (auto _ : state) {
    const double once = 1e-9 * static_cast<double>(cuda.time([&] { graph->replay(); })) / kCalls;
    state.SetIterationTime(once);
    seconds += once;
  }
  state.counters["GB/s"] = bytes * 1e-9 * static_cast<double>(state.iterations()) / seconds;
}

struct Shape {
  int rows;
  int cols;
  std::string name() const { return std::to_string(rows) + "x" + std::to_string(cols); }
};

enum class Plan { m3, fp16 };
const char* plan_name(Plan plan) { return plan == Plan::m3 ? "M3" : "fp16"; }
size_t element_bytes(Plan plan) { return plan == Plan::m3 ? 1 : 2; }

Output output(Arena& arena, Plan plan, Shape shape) {
  Output out;
  if (plan == Plan::fp16) {
    out.f16 = arena.room<int16_t>(area(shape.rows, shape.cols));
    return out;
  }
  out.s8 = arena.room<int8_t>(area(shape.rows, shape.cols));
  out.token_scale = arena.room<float>(static_cast<size_t>(shape.rows));
  return out;
}

Operand operand(Arena& arena, Plan plan, Shape shape, bool token_wise) {
  const ElementType type = plan == Plan::m3 ? ElementType::s8 : ElementType::f16;
  Operand made{type, arena.varied(element_bytes(plan) * area(shape.rows, shape.cols)), nullptr,
               nullptr};
  if (plan == Plan::m3 && token_wise)
    made.token_scale = arena.filled(static_cast<size_t>(shape.rows), 0.02f);
  if (plan == Plan::m3 && !token_wise)
    made.feature_scale = arena.filled(static_cast<size_t>(shape.cols), 0.01f);
  return made;
}

using Geometries = std::vector<std::pair<std::string, cuda::rows::Geometry>>;

Geometries geometries(Shape shape) {
  Geometries all{{"warp", cuda::rows::warp_geometry(shape.rows, shape.cols)}};
  for (const int chunks : {1, 4})
    all.emplace_back("block" + std::to_string(chunks),
                     cuda::rows::block_geometry(shape.rows, shape.cols, chunks));
  return all;
}

void layer_norm(benchmark::State& state, Plan plan, Shape shape,
                const cuda::rows::Geometry* geometry) {
  Arena arena;
  LayerNormArgs args;
  args.rows = shape.rows;
  args.cols = shape.cols;
  args.residual = operand(arena, plan, shape, /*token_wise=*/true);
  args.x = operand(arena, plan, shape, /*token_wise=*/false);
  args.gamma = arena.filled(static_cast<size_t>(shape.cols), 1.0f);
  args.beta = arena.filled(static_cast<size_t>(shape.cols), 0.1f);
  args.out = output(arena, plan, shape);
  args.nonfinite = arena.lowered_flag();
  const double bytes =
      3.0 * static_cast<double>(element_bytes(plan) * area(shape.rows, shape.cols));
  measure(state, bytes, [&] {
    if (geometry == nullptr)
      cuda_backend().layer_norm(args);
    else
      cuda::rows::layer_norm(args, *geometry);
  });
}

void copy(benchmark::State& state, Plan plan, Shape shape) {
  Arena arena;
  const size_t bytes = element_bytes(plan) * area(shape.rows, shape.cols);
  const int8_t* a = arena.varied(bytes);
  const int8_t* b = arena.varied(bytes);
  int8_t* out = arena.room<int8_t>(bytes);
  measure(state, 3.0 * static_cast<double>(bytes), [&] { bench::combine_bytes(a, b, out, bytes); });
}

void embedding(benchmark::State& state, Plan plan, Shape shape) {
  constexpr int kVocabulary = 30522;
  constexpr int kPositions = 128;
  Arena arena;
  std::vector<int32_t> ids, positions;
  for (int t = 0; t < shape.rows; ++t) {
    ids.push_back(static_cast<int32_t>((t * 7919LL + 13) % kVocabulary));
    positions.push_back(t % kPositions);
  }
  auto uploaded = [&](const std::vector<int32_t>& host) {
    int32_t* device = arena.room<int32_t>(host.size());
    cuda_backend().upload(device, host.data(), host.size() * sizeof(int32_t));
    return device;
  };
  EmbeddingArgs args;
  args.rows = shape.rows;
  args.cols = shape.cols;
  args.ids = uploaded(ids);
  args.positions = uploaded(positions);
  args.types = arena.filled(ids.size(), int32_t{0});
  args.token_type = plan == Plan::m3 ? ElementType::s8 : ElementType::f16;
  args.token_table = arena.varied(element_bytes(plan) * area(kVocabulary, shape.cols));
  if (plan == Plan::m3) args.token_row_scale = arena.filled(size_t{kVocabulary}, 0.01f);
  args.table_type = ElementType::f16;
  args.position_table = arena.varied(2 * area(kPositions, shape.cols));
  args.type_table = arena.varied(2 * area(2, shape.cols));
  args.gamma = arena.filled(static_cast<size_t>(shape.cols), 1.0f);
  args.beta = arena.filled(static_cast<size_t>(shape.cols), 0.1f);
  args.out = output(arena, plan, shape);
  args.nonfinite = arena.lowered_flag();
  measure(state, 2.0 * static_cast<double>(element_bytes(plan) * area(shape.rows, shape.cols)),
          [&] { cuda_backend().embedding(args); });
}

void quantize(benchmark::State& state, Shape shape, Activation activation) {
  Arena arena;
  QuantizeArgs args;
  args.rows = shape.rows;
  args.cols = shape.cols;
  args.x_type = ElementType::f16;
  args.x = arena.varied(2 * area(shape.rows, shape.cols));
  args.activation = activation;
  args.out = output(arena, Plan::m3, shape);
  args.nonfinite = arena.lowered_flag();
  measure(state, 3.0 * static_cast<double>(area(shape.rows, shape.cols)),
          [&] { cuda_backend().quantize(args); });
}

template <class Run>
void add(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), run)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond)
      ->MinTime(0.0005);
}

void register_shape(Shape shape) {
  for (const Plan plan : {Plan::m3, Plan::fp16}) {
    const std::string suffix = "/" + shape.name() + "/" + plan_name(plan);
    add("copy" + suffix, [=](benchmark::State& state) { copy(state, plan, shape); });
    add("layer_norm" + suffix + "/chosen",
        [=](benchmark::State& state) { layer_norm(state, plan, shape, nullptr); });
    for (const auto& [name, geometry] : geometries(shape)) {
      add("layer_norm" + suffix + "/" + name,
          [=, g = geometry](benchmark::State& state) { layer_norm(state, plan, shape, &g); });
    }
    add("embedding" + suffix, [=](benchmark::State& state) { embedding(state, plan, shape); });
  }
  add("quantize/" + shape.name(),
      [=](benchmark::State& state) { quantize(state, shape, Activation::none); });
  const Shape wide{shape.rows, shape.cols * kFeedForward};
  add("quantize_gelu/" + wide.name(),
      [=](benchmark::State& state) { quantize(state, wide, Activation::gelu_erf); });
}

}  // namespace
}  // namespace herosweep::kernels

int main(int argc, char** argv) {
  using namespace herosweep::kernels;
  if (const CudaStatus status = cuda_status(); !status.usable) {
    std::fprintf(stderr, "no CUDA device to measure: %s\n", status.reason.c_str());
    return 1;
  }
  for (const int cols : kCols) {
    for (const int rows : kRows) register_shape({rows, cols});
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
