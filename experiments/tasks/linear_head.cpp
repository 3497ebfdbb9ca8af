// Fitting linear heads. ATen solves the systems; it stays inside this file.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>

#include "core/util/error.h"
#include "experiments/tasks/head_file.h"
#include "experiments/tasks/task.h"

namespace herosweep::tasks {
namespace {

/// Added to every deviation, so that a constant feature scores 0 instead of 0 / 0.
constexpr double kStdFloor = 1e-6;

/// A matrix product's last bits depend on the number of threads that share it, and the head's hash
/// on every bit: fits run on one.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Train features as z-scores, and labels, both FP64.
struct TrainingSet {
  at::Tensor z;  // [rows, hidden]
  at::Tensor y;  // [rows]
  at::Tensor mean, std;
  double rows() const { return static_cast<double>(y.numel()); }
};

at::Tensor from_doubles(const std::vector<double>& values) {
  return at::from_blob(const_cast<double*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::kDouble)
      .clone();
}

std::vector<double> to_doubles(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

TrainingSet training_set(const std::vector<float>& features, int hidden,
                         const std::vector<double>& labels) {
  const int64_t rows = static_cast<int64_t>(labels.size());
  if (features.size() != labels.size() * static_cast<size_t>(hidden))
    throw DataError(fmt::format("{} features of width {} do not fit {} labels", features.size(),
                                hidden, labels.size()));
  if (rows < 2)
    throw DataError(
        fmt::format("a head cannot be fitted on {} train rows; check the task's files "
                    "and split rule",
                    rows));
  TrainingSet set;
  const at::Tensor x =
      at::from_blob(const_cast<float*>(features.data()), {rows, hidden}, at::kFloat)
          .to(at::kDouble);
  set.y = from_doubles(labels);
  if (set.y.max().item<double>() == set.y.min().item<double>())
    throw DataError(fmt::format("all {} train labels are {}; a head needs labels that differ", rows,
                                labels[0]));
  set.mean = x.mean(0);
  set.std = x.std(0, /*unbiased=*/false) + kStdFloor;
  set.z = (x - set.mean) / set.std;
  return set;
}

/// Solves a x = b for a symmetric positive definite a.
at::Tensor solve_definite(const at::Tensor& a, const at::Tensor& b) {
  const auto [factor, info] = at::linalg_cholesky_ex(a);
  if (info.item<int>() != 0)
    throw DataError(
        "the head's system is singular: a feature is constant or repeats others; set head_lambda "
        "above 0");
  return at::cholesky_solve(b.unsqueeze(1), factor).squeeze(1);
}

FittedHead assemble(const TrainingSet& set, const at::Tensor& weight, double bias) {
  FittedHead head{to_doubles(set.mean), to_doubles(set.std), to_doubles(weight), bias, ""};
  head.hash = hash_of(head);
  return head;
}

/// Mean BCE + lambda / 2 |w|^2 over v = (w, bias), on z with a column of ones.
struct LogisticObjective {
  at::Tensor z1;       // [rows, hidden + 1]
  at::Tensor y;        // [rows], 0 or 1
  at::Tensor penalty;  // [hidden + 1]: lambda, and 0 for the bias

  double value(const at::Tensor& v) const {
    const at::Tensor logits = z1.mv(v);
    // softplus's threshold would cut its tail off: 60 keeps all digits of FP64.
    const at::Tensor loss = (at::softplus(logits, 1, 60) - y * logits).mean();
    return loss.item<double>() + 0.5 * (penalty * v * v).sum().item<double>();
  }
  at::Tensor gradient(const at::Tensor& v) const {
    const at::Tensor residual = (z1.mv(v).sigmoid() - y) / static_cast<double>(y.numel());
    return z1.t().mv(residual) + penalty * v;
  }
  at::Tensor hessian(const at::Tensor& v) const {
    const at::Tensor p = z1.mv(v).sigmoid();
    const at::Tensor curvature = p * (1 - p) / static_cast<double>(y.numel());
    return z1.t().mm(z1 * curvature.unsqueeze(1)) + penalty.diag();
  }
};

/// Newton's method with step halving.
at::Tensor minimise(const LogisticObjective& objective) {
  constexpr double kGradientNorm = 1e-8;
  constexpr int kMaxSteps = 100;
  at::Tensor v = at::zeros({objective.z1.size(1)}, at::kDouble);
  for (int step = 0; step < kMaxSteps; ++step) {
    const at::Tensor gradient = objective.gradient(v);
    if (gradient.norm().item<double>() <= kGradientNorm) return v;
    const at::Tensor direction = solve_definite(objective.hessian(v), gradient);
    const double before = objective.value(v);
    double size = 1.0;
    while (objective.value(v - size * direction) > before && size > 1e-10) size /= 2;
    v = v - size * direction;
  }
  throw DataError(
      "the logistic head did not converge: the train rows are separable; set head_lambda above 0");
}

}  // namespace

FittedHead fit_ridge(const std::vector<float>& features, int hidden,
                     const std::vector<double>& labels, double lambda) {
  const OneThread one_thread;
  const TrainingSet set = training_set(features, hidden, labels);
  // z has mean 0 over the train rows, so the free bias is the labels' mean.
  const at::Tensor bias = set.y.mean();
  at::Tensor system = set.z.t().mm(set.z);
  system.diagonal().add_(lambda);
  return assemble(set, solve_definite(system, set.z.t().mv(set.y - bias)), bias.item<double>());
}

FittedHead fit_logistic(const std::vector<float>& features, int hidden,
                        const std::vector<double>& labels, double lambda) {
  const OneThread one_thread;
  for (double label : labels)
    if (label != 0.0 && label != 1.0)
      throw DataError(
          fmt::format("a logistic head needs labels 0 and 1, not {}; set binarize", label));
  const TrainingSet set = training_set(features, hidden, labels);
  LogisticObjective objective;
  objective.z1 = at::empty({set.z.size(0), hidden + 1}, at::kDouble);
  objective.z1.narrow(1, 0, hidden).copy_(set.z);
  objective.z1.select(1, hidden).fill_(1.0);
  objective.y = set.y;
  objective.penalty = at::zeros({hidden + 1}, at::kDouble);
  objective.penalty.narrow(0, 0, hidden).fill_(lambda);
  const at::Tensor v = minimise(objective);
  return assemble(set, v.narrow(0, 0, hidden), v[hidden].item<double>());
}

}  // namespace herosweep::tasks
