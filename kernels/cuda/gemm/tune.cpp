#include "kernels/cuda/gemm/tune.h"

#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/gemm/packed_rows.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda::sm90 {
namespace {

constexpr double kNanosecondsPerMicrosecond = 1e3;
constexpr double kLeast = 0.01;         // microseconds: a tile's time is positive
constexpr double kLongestGraph = 2000;  // microseconds: more calls add no precision
/// About what a layer norm's output has; an output of FP16 operands is scaled by it too.
constexpr float kTokenScale = 0.03f;
constexpr size_t kRandomBytes = size_t{1} << 22;

std::vector<char> random_bytes(ElementType type) {
  std::mt19937 generator(1);
  std::vector<char> bytes(kRandomBytes);
  if (type == ElementType::s8) {
    std::uniform_int_distribution<int> value(-127, 127);
    for (char& byte : bytes) byte = static_cast<char>(value(generator));
    return bytes;
  }
  std::normal_distribution<float> value;
  for (size_t at = 0; at < bytes.size(); at += sizeof(__half)) {
    const __half half = __float2half_rn(value(generator));
    std::memcpy(&bytes[at], &half, sizeof half);
  }
  return bytes;
}

double microseconds(const std::function<void()>& work) {
  return static_cast<double>(cuda_backend().time(work)) / kNanosecondsPerMicrosecond;
}

struct RecordedContender {
  std::unique_ptr<Recording> graph;
  int calls = 1;
};

RecordedContender record(const Contender& contender, int most_calls) {
  contender.call();  // sets kernel attributes, loads the kernel
  const double once = microseconds(contender.call);
  RecordedContender recorded;
  recorded.calls = std::clamp(static_cast<int>(kLongestGraph / once), 1, most_calls);
  recorded.graph = cuda_backend().record([&] {
    for (int i = 0; i < recorded.calls; ++i) contender.call();
  });
  recorded.graph->replay();
  return recorded;
}

}  // namespace

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<std::vector<double>> time_interleaved(const std::vector<Contender>& contenders,
                                                  const TimingOptions& options) {
  std::vector<RecordedContender> recorded;
  recorded.reserve(contenders.size());
  for (const Contender& contender : contenders)
    recorded.push_back(record(contender, options.calls));
  std::vector<std::vector<double>> times(contenders.size());
  std::vector<size_t> order(contenders.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 generator(1);
  for (int round = 0; round < options.rounds; ++round) {
    std::shuffle(order.begin(), order.end(), generator);
    for (const size_t i : order)
      times[i].push_back(microseconds([&] { recorded[i].graph->replay(); }) / recorded[i].calls);
  }
  return times;
}

GemmProblem::GemmProblem(Family family, const GemmSize& size, Activation activation) {
  const auto m = static_cast<size_t>(size.m);
  const auto n = static_cast<size_t>(size.n);
  const auto k = static_cast<size_t>(size.k);
  const bool quantized = family.operand == ElementType::s8;
  void* x = random(m * k, family.operand);
  float* token_scale = constant(size.m, kTokenScale);
  norm_.rows = size.m;
  norm_.cols = size.k;
  norm_.residual = {ElementType::s8, random(m * k, ElementType::s8), constant(size.m, 1.0f)};
  norm_.gamma = constant(size.k, 1.0f);
  norm_.beta = constant(size.k, 0.0f);
  if (quantized) {
    norm_.out.s8 = static_cast<int8_t*>(x);
    norm_.out.token_scale = token_scale;
  } else {
    norm_.out.f16 = x;
  }
  args_.m = size.m;
  args_.x_type = family.operand;
  args_.x = x;
  args_.w = {family.operand, size.n, size.k,
             random(static_cast<size_t>(packed_rows(size.n)) * k, family.operand)};
  args_.token_scale = token_scale;
  // The output's standard deviation becomes about 30 (s8) or 1 (f16) in units of the output.
  const float deviation = quantized ? 73.0f * 73.0f * kTokenScale : kTokenScale;
  const float wanted = family.output == ElementType::s8 ? 30.0f : 1.0f;
  args_.row_scale = constant(size.n, wanted / (deviation * std::sqrt(static_cast<float>(size.k))));
  args_.bias = constant(size.n, 0.5f);
  args_.activation = activation;
  void* out = random(m * n, family.output);
  if (family.output == ElementType::s8) {
    args_.out.s8 = static_cast<int8_t*>(out);
    // Without an activation it is folded into the other scales when weights are loaded.
    if (activation != Activation::none) args_.out.inverse_scale = constant(size.n, 1.0f);
  } else {
    args_.out.f16 = out;
  }
  args_.nonfinite = static_cast<bool*>(random(1, ElementType::s8));
}

void GemmProblem::write_x() const { layer_norm(norm_); }

GemmProblem::~GemmProblem() {
  for (void* block : blocks_) cuda_backend().release(block);
}

void* GemmProblem::random(size_t count, ElementType type) {
  static const std::vector<char> bytes_s8 = random_bytes(ElementType::s8);
  static const std::vector<char> bytes_f16 = random_bytes(ElementType::f16);
  const std::vector<char>& source = type == ElementType::s8 ? bytes_s8 : bytes_f16;
  const size_t bytes = count * (type == ElementType::s8 ? sizeof(int8_t) : sizeof(__half));
  blocks_.push_back(cuda_backend().allocate(bytes));
  auto* to = static_cast<char*>(blocks_.back());
  for (size_t at = 0; at < bytes; at += source.size())
    cuda_backend().upload(to + at, source.data(), std::min(source.size(), bytes - at));
  return to;
}

float* GemmProblem::constant(int count, float value) {
  const std::vector<float> values(static_cast<size_t>(count), value);
  blocks_.push_back(cuda_backend().allocate(values.size() * sizeof(float)));
  cuda_backend().upload(blocks_.back(), values.data(), values.size() * sizeof(float));
  return static_cast<float*>(blocks_.back());
}

std::vector<TileTime> tune(Family family, const GemmSize& size, const TimingOptions& options,
                           Activation activation) {
  const GemmProblem problem(family, size, activation);
  std::vector<Contender> contenders;
  for (const Tile& tile : tiles(family))
    contenders.push_back({tile.name, [run = tile.run, &problem] {
                            problem.write_x();
                            run(problem.args());
                          }});
  contenders.push_back({"layer norm", [&problem] { problem.write_x(); }});
  const auto times = time_interleaved(contenders, options);
  const double norm = median(times.back());
  std::vector<TileTime> result;
  for (size_t tile = 0; tile + 1 < times.size(); ++tile)
    result.push_back(
        {family, size, static_cast<int>(tile), std::max(median(times[tile]) - norm, kLeast)});
  return result;
}

}  // namespace herosweep::kernels::cuda::sm90
