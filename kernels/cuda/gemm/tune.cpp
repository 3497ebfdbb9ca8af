#include "kernels/cuda/gemm/tune.h"

#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/gemm/packed_rows.h"

namespace herosweep::kernels::cuda::sm90 {
namespace {

constexpr double kNanosecondsPerMicrosecond = 1e3;
constexpr double kLongestGraph = 2000;  // microseconds: more calls add no precision
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
  args_.m = size.m;
  args_.x_type = family.operand;
  args_.x = random(m * k, family.operand);
  args_.w = {family.operand, size.n, size.k,
             random(static_cast<size_t>(packed_rows(size.n)) * k, family.operand)};
  // The output's standard deviation becomes about 30 (s8) or 1 (f16) in units of the output.
  const float deviation = family.operand == ElementType::s8 ? 73.0f * 73.0f : 1.0f;
  const float wanted = family.output == ElementType::s8 ? 30.0f : 1.0f;
  const float scale = wanted / (deviation * std::sqrt(static_cast<float>(size.k)));
  args_.token_scale = constant(size.m, std::sqrt(scale));
  args_.row_scale = constant(size.n, std::sqrt(scale));
  args_.bias = constant(size.n, 0.5f);
  args_.activation = activation;
  void* out = random(m * n, family.output);
  if (family.output == ElementType::s8) {
    args_.out.s8 = static_cast<int8_t*>(out);
    args_.out.inverse_scale = constant(size.n, 1.0f);
  } else {
    args_.out.f16 = out;
  }
  args_.nonfinite = static_cast<bool*>(random(1, ElementType::s8));
}

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

const float* GemmProblem::constant(int count, float value) {
  const std::vector<float> values(static_cast<size_t>(count), value);
  blocks_.push_back(cuda_backend().allocate(values.size() * sizeof(float)));
  cuda_backend().upload(blocks_.back(), values.data(), values.size() * sizeof(float));
  return static_cast<const float*>(blocks_.back());
}

std::vector<TileTime> tune(Family family, const GemmSize& size, const TimingOptions& options,
                           Activation activation) {
  const GemmProblem problem(family, size, activation);
  std::vector<Contender> contenders;
  for (const Tile& tile : tiles(family))
    contenders.push_back({tile.name, [run = tile.run, &problem] { run(problem.args()); }});
  const auto times = time_interleaved(contenders, options);
  std::vector<TileTime> result;
  for (size_t tile = 0; tile < times.size(); ++tile)
    result.push_back({family, size, static_cast<int>(tile), median(times[tile])});
  return result;
}

}  // namespace herosweep::kernels::cuda::sm90
