// Y = X W^T by blocks: a task is a block of rows x a panel of 64 columns; inside it, runs of steps
// short enough that the panel's part stays in the second-level cache while the row tiles use it.
#include "kernels/gemm.h"

#include <immintrin.h>
#include <omp.h>

#include "kernels/cpu/avx512/gemm_epilogue.h"
#include "kernels/cpu/avx512/gemm_tile.h"
#include "kernels/cpu/avx512/gemm_unpack.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/scratch.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {

/// Bytes of activations that a row block keeps in the second-level cache while panels pass by.
constexpr size_t kRowBlockBytes = 768 * 1024;
constexpr int kMaxBlockRows = 384;
/// A row block that shares an unpacked or cached panel should have a few tiles.
constexpr int kMinBlockRows = 4 * kTileRows;
/// Steps of a panel in one run: with the row block they fit the second-level cache, from which the
/// tile streams 256 bytes in 12 cycles. Shorter runs, for the first level, gain less than
/// saving and restoring accumulators costs. A multiple of 8.
constexpr int kRunSteps = 768;
/// Tasks for each thread, so that an uneven division costs little.
constexpr int kTasksPerThread = 4;
/// Products below which waking other threads costs more than it gives.
constexpr double kParallelProducts = 1 << 18;

int smaller(int a, int b) { return a < b ? a : b; }

struct Partition {
  int row_blocks = 1;
  int panels = 1;
  int runs = 1;
  int steps = 0;
};

Partition partition(const GemmArgs& args, int threads) {
  Partition p;
  const int k = args.w.k;
  const bool integer = args.x_type == ElementType::s8;
  p.steps = integer ? ceil_div(k, kGroup) : k;
  p.runs = ceil_div(p.steps, kRunSteps);
  p.panels = ceil_div(args.w.n, kPanelColumns);
  const size_t cached_rows = kRowBlockBytes / (static_cast<size_t>(p.steps) * 4);
  int rows = cached_rows < kMaxBlockRows ? static_cast<int>(cached_rows) : kMaxBlockRows;
  if (rows < kMinBlockRows) rows = kMinBlockRows;
  p.row_blocks = ceil_div(args.m, rows);
  while (threads > 1 && p.row_blocks * p.panels < kTasksPerThread * threads &&
         args.m / (p.row_blocks + 1) >= kMinBlockRows) {
    ++p.row_blocks;
  }
  return p;
}

int32_t sum_of_row(const int8_t* x, int k) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum = _mm512_setzero_si512();
  for (int i = 0; i < k; i += 64) {
    const __mmask64 mask = k - i >= 64 ? ~0ull : (1ull << (k - i)) - 1;
    sum = _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_loadu_epi8(mask, x + i));
  }
  return _mm512_reduce_add_epi32(sum);
}

class Gemm {
 public:
  Gemm(const GemmArgs& args, int threads)
      : args_(args), epilogue_(args), partition_(partition(args, threads)) {
    x_ = static_cast<const char*>(args.x);
    x_stride_ = static_cast<size_t>(args.w.k) * (is_integer() ? 1 : sizeof(float));
    if (is_integer()) reserve_integer_rows();
  }

  int tasks() const { return partition_.row_blocks * partition_.panels; }
  bool is_integer() const { return epilogue_.arithmetic == Arithmetic::integer; }

  // Sums the row and copies it where it needs padding.
  void prepare_row(int row) const {
    const size_t k = static_cast<size_t>(args_.w.k);
    const auto* source = static_cast<const int8_t*>(args_.x) + row * k;
    // Modulo 2^32, as the accumulators are: only their corrected sum has to fit.
    const uint32_t excess = static_cast<uint32_t>(weight_offset(args_.w.type)) *
                            static_cast<uint32_t>(sum_of_row(source, args_.w.k));
    start_[row] = static_cast<int32_t>(0u - excess);
    if (padded_ == nullptr) return;
    char* target = padded_ + row * x_stride_;
    for (size_t i = 0; i < x_stride_; ++i) target[i] = i < k ? source[i] : 0;
  }

  // Row blocks outside: a thread's consecutive tasks share the block's activations.
  bool run_task(int task) const {
    const int block = task / partition_.panels;
    const int panel = task % partition_.panels;
    const int first = block_start(block);
    const int rows = block_start(block + 1) - first;
    return is_integer() ? run<Arithmetic::integer>(first, rows, panel)
                        : run<Arithmetic::floating>(first, rows, panel);
  }

 private:
  int block_start(int block) const {
    return static_cast<int>(static_cast<int64_t>(args_.m) * block / partition_.row_blocks);
  }

  void reserve_integer_rows() {
    static thread_local Scratch start_scratch;
    static thread_local Scratch padded_scratch;
    const size_t m = static_cast<size_t>(args_.m);
    start_ = static_cast<int32_t*>(start_scratch.reserve(m * sizeof(int32_t)));
    if (args_.w.k % kGroup == 0) return;
    x_stride_ = static_cast<size_t>(partition_.steps) * kGroup;
    padded_ = static_cast<char*>(padded_scratch.reserve(m * x_stride_));
    x_ = padded_;
  }

  // The run's part of the panel, as the tile multiplies it.
  template <Arithmetic arithmetic>
  const char* weights(int panel, int first_step, int steps) const {
    static thread_local Scratch scratch;
    const ElementType type = args_.w.type;
    const auto* packed = static_cast<const uint8_t*>(args_.w.data) +
                         static_cast<size_t>(panel) * panel_bytes(type, args_.w.k);
    constexpr bool integer = arithmetic == Arithmetic::integer;
    if (type == (integer ? ElementType::s8 : ElementType::f32)) {
      return reinterpret_cast<const char*>(packed) + static_cast<size_t>(first_step) * kStepBytes;
    }
    void* out = scratch.reserve(static_cast<size_t>(kRunSteps) * kStepBytes);
    if constexpr (integer) {
      unpack_s4(packed, first_step, steps, static_cast<uint8_t*>(out));
    } else {
      unpack_to_f32(type, packed, first_step, steps, static_cast<float*>(out));
    }
    return static_cast<const char*>(out);
  }

  template <Arithmetic arithmetic>
  bool run(int first_row, int rows, int panel) const {
    static thread_local Scratch scratch;
    const int tiles = ceil_div(rows, kTileRows);
    const bool one_run = partition_.runs == 1;
    // With a single run the same few rows, still in cache, serve every tile.
    auto* accumulators = static_cast<AccumulatorRow*>(
        scratch.reserve(sizeof(AccumulatorRow) * static_cast<size_t>(one_run ? kTileRows : rows)));
    bool finite = true;
    for (int r = 0; r < partition_.runs; ++r) {
      const int first_step = r * kRunSteps;
      TileOperands t;
      t.x_stride = x_stride_;
      t.steps = smaller(kRunSteps, partition_.steps - first_step);
      t.w = weights<arithmetic>(panel, first_step, t.steps);
      t.resume = r > 0;
      for (int tile = 0; tile < tiles; ++tile) {
        // Rows are dealt evenly: 128 rows are tiles of 6 and 5, not twenty-one of 6 and one of 2.
        const int begin = rows * tile / tiles;
        const int tile_rows = rows * (tile + 1) / tiles - begin;
        const int row = first_row + begin;
        t.x = x_ + row * x_stride_ + static_cast<size_t>(first_step) * 4;
        t.start = start_ != nullptr ? start_ + row : nullptr;
        t.acc = accumulators + (one_run ? 0 : begin);
        compute_tile<arithmetic>(tile_rows, t);
        if (r + 1 == partition_.runs) {
          finite &= finish_tile(epilogue_, t.acc, row, tile_rows, panel * kPanelColumns);
        }
      }
    }
    return finite;
  }

  const GemmArgs& args_;
  const Epilogue epilogue_;
  const Partition partition_;
  const char* x_ = nullptr;
  size_t x_stride_ = 0;
  int32_t* start_ = nullptr;
  char* padded_ = nullptr;
};

}  // namespace

void gemm(const GemmArgs& args) {
  if (args.m == 0) return;
  const double products = static_cast<double>(args.m) * args.w.n * args.w.k;
  const int threads = products < kParallelProducts ? 1 : omp_get_max_threads();
  const Gemm problem(args, threads);
  bool finite = true;
#pragma omp parallel num_threads(threads) reduction(&& : finite)
  {
    if (problem.is_integer()) {
#pragma omp for schedule(static)
      for (int row = 0; row < args.m; ++row) problem.prepare_row(row);
    }
#pragma omp for schedule(static)
    for (int task = 0; task < problem.tasks(); ++task) {
      const bool task_is_finite = problem.run_task(task);
      finite = finite && task_is_finite;
    }
  }
  if (!finite && args.nonfinite != nullptr) *args.nonfinite = true;
}

}  // namespace herosweep::kernels::cpu::avx512
