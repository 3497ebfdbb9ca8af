// The portable GEMM: one FP32 kernel for every operand type. Integers are widened to FP32 and
// multiplied in blocks of k short enough that no sum rounds; the blocks are added in INT32. That is
// exact without any integer dot product, and as fast as the processor's FP32 multiplier.
#include "kernels/gemm.h"

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/gemm_block.h"
#include "kernels/cpu/portable/gemm_layout.h"
#include "kernels/cpu/scratch.h"

namespace herosweep::kernels::cpu::portable {
namespace {

/// Rows that share one widened part of a panel.
constexpr int kBlockRows = 96;

class Gemm {
 public:
  explicit Gemm(const GemmArgs& args)
      : args_(args),
        functions_(block_functions()),
        panels_(ceil_div(args.w.n, kPanelColumns)),
        row_blocks_(ceil_div(args.m, kBlockRows)) {
    if (args.activation != Activation::none) gelu_ = &gelu_table(args.activation, 5);
    x_ = static_cast<const float*>(args.x);
    if (!is_integer()) return;
    static thread_local Scratch scratch;
    const size_t values = static_cast<size_t>(args.m) * static_cast<size_t>(args.w.k);
    widened_x_ = static_cast<float*>(scratch.reserve(values * sizeof(float)));
    x_ = widened_x_;
  }

  int tasks() const { return row_blocks_ * panels_; }
  bool is_integer() const { return args_.x_type == ElementType::s8; }

  void widen_row(int row) const {
    const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(args_.w.k);
    const auto* source = static_cast<const int8_t*>(args_.x) + begin;
    for (int i = 0; i < args_.w.k; ++i) widened_x_[begin + static_cast<size_t>(i)] = source[i];
  }

  // Returns false when a value to be quantized is NaN or infinite.
  bool run_task(int task) const {
    static thread_local Scratch scratch;
    const int first_row = task / panels_ * kBlockRows;
    const int panel = task % panels_;
    const int rows = std::min(kBlockRows, args_.m - first_row);
    auto* sums = static_cast<Sums*>(scratch.reserve(sizeof(Sums)));
    for (int k = 0; k < args_.w.k; k += kBlockSteps) add_block(first_row, rows, panel, k, *sums);
    return finish(first_row, rows, panel, *sums);
  }

 private:
  // Sums over the blocks of k: INT32 for integers, FP32 otherwise, never both.
  struct Sums {
    AccumulatorRow floating[kBlockRows];
    int32_t integer[kBlockRows][kPanelColumns];
  };

  const float* weights(int panel, int first_k, int ks) const {
    static thread_local Scratch scratch;
    const ElementType type = args_.w.type;
    const char* packed = static_cast<const char*>(args_.w.data) +
                         static_cast<size_t>(panel) * panel_bytes(type, args_.w.k);
    if (type == ElementType::f32) {
      return reinterpret_cast<const float*>(packed) + static_cast<size_t>(first_k) * kPanelColumns;
    }
    auto* out = static_cast<float*>(scratch.reserve(sizeof(AccumulatorRow) * kBlockSteps));
    widen_panel(type, packed, first_k, ks, out);
    return out;
  }

  void add_block(int first_row, int rows, int panel, int first_k, Sums& sums) const {
    const int ks = std::min(kBlockSteps, args_.w.k - first_k);
    const float* w = weights(panel, first_k, ks);
    AccumulatorRow acc[kTileRows];
    for (int row = 0; row < rows; row += kTileRows) {
      TileOperands t;
      t.x_stride = static_cast<size_t>(args_.w.k);
      t.x = x_ + static_cast<size_t>(first_row + row) * t.x_stride + first_k;
      t.w = w;
      t.rows = std::min(kTileRows, rows - row);
      t.ks = ks;
      t.acc = acc;
      functions_.compute_tile(t);
      for (int i = 0; i < t.rows; ++i) {
        for (int j = 0; j < kPanelColumns; ++j) {
          if (is_integer()) {
            int32_t& sum = sums.integer[row + i][j];
            sum = (first_k == 0 ? 0 : sum) + static_cast<int32_t>(acc[i][j]);
          } else {
            float& sum = sums.floating[row + i][j];
            sum = (first_k == 0 ? 0.0f : sum) + acc[i][j];
          }
        }
      }
    }
  }

  PanelEpilogue panel_epilogue(int panel) const {
    PanelEpilogue e;
    const auto copy = [&](const float* source, float absent, float* target) {
      for (int j = 0; j < kPanelColumns; ++j) {
        const int column = panel * kPanelColumns + j;
        target[j] = source != nullptr && column < args_.w.n ? source[column] : absent;
      }
    };
    copy(args_.row_scale, 1.0f, e.row_scale);
    copy(args_.bias, 0.0f, e.bias);
    copy(args_.out.inverse_scale, 1.0f, e.inverse_scale);
    e.gelu = gelu_;
    e.range = args_.out.range;
    return e;
  }

  bool finish(int first_row, int rows, int panel, Sums& sums) const {
    const PanelEpilogue e = panel_epilogue(panel);
    const int column = panel * kPanelColumns;
    const auto columns = static_cast<size_t>(std::min(kPanelColumns, args_.w.n - column));
    const Output& out = args_.out;
    float zero = 0;
    for (int i = 0; i < rows; ++i) {
      if (is_integer()) {
        for (int j = 0; j < kPanelColumns; ++j) {
          sums.floating[i][j] = static_cast<float>(sums.integer[i][j]);
        }
      }
      const int row = first_row + i;
      RowResult r;
      functions_.finish_row(e, args_.token_scale != nullptr ? args_.token_scale[row] : 1.0f,
                            sums.floating[i], r);
      const size_t index = static_cast<size_t>(row) * args_.w.n + column;
      if (out.f32 != nullptr) std::memcpy(out.f32 + index, r.y, columns * sizeof(float));
      if (out.s8 != nullptr) std::memcpy(out.s8 + index, r.q, columns);
      zero += r.zero;
    }
    return out.s8 == nullptr || zero == 0.0f;
  }

  const GemmArgs& args_;
  const BlockFunctions& functions_;
  const int panels_;
  const int row_blocks_;
  const GeluTable* gelu_ = nullptr;
  const float* x_ = nullptr;
  float* widened_x_ = nullptr;
};

}  // namespace

void gemm(const GemmArgs& args) {
  if (args.m == 0) return;
  const Gemm problem(args);
  bool finite = true;
#pragma omp parallel reduction(&& : finite)
  {
    if (problem.is_integer()) {
#pragma omp for schedule(static)
      for (int row = 0; row < args.m; ++row) problem.widen_row(row);
    }
#pragma omp for schedule(static)
    for (int task = 0; task < problem.tasks(); ++task) {
      const bool task_is_finite = problem.run_task(task);
      finite = finite && task_is_finite;
    }
  }
  if (!finite && args.nonfinite != nullptr) *args.nonfinite = true;
}

}  // namespace herosweep::kernels::cpu::portable
