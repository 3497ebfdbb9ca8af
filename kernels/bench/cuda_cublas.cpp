#include <cublasLt.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "kernels/bench/cuda_gemm_peers.h"
#include "kernels/cuda/device.h"

namespace herosweep::kernels::bench {
namespace {

constexpr size_t kWorkspaceBytes = size_t{64} << 20;
constexpr int kAlgorithms = 8;

void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string(call) + ": " + cublasLtGetStatusString(status));
}

cublasLtHandle_t handle() {
  static cublasLtHandle_t handle = [] {
    cublasLtHandle_t made = nullptr;
    check(cublasLtCreate(&made), "cublasLtCreate");
    return made;
  }();
  return handle;
}

void* workspace() {
  static void* workspace = [] {
    void* data = nullptr;
    HEROSWEEP_CUDA_CHECK(cudaMalloc(&data, kWorkspaceBytes));
    return data;
  }();
  return workspace;
}

/// out^T [n, m] = w [n, k] x^T [k, m], because cuBLAS counts columns first.
class Problem {
 public:
  explicit Problem(const GemmArgs& args) : args_(args) {
    const auto n = static_cast<uint64_t>(args.w.n);
    const auto m = static_cast<uint64_t>(args.m);
    const auto k = static_cast<uint64_t>(args.w.k);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescCreate(&operation_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "MatmulDesc");
    check(cublasLtMatmulDescSetAttribute(operation_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof transposed),
          "TRANSA");
    check(cublasLtMatrixLayoutCreate(&w_, CUDA_R_16F, k, n, args.w.k), "layout of w");
    check(cublasLtMatrixLayoutCreate(&x_, CUDA_R_16F, k, m, args.w.k), "layout of x");
    check(cublasLtMatrixLayoutCreate(&out_, CUDA_R_16F, n, m, args.w.n), "layout of out");
  }
  ~Problem() {
    cublasLtMatrixLayoutDestroy(w_);
    cublasLtMatrixLayoutDestroy(x_);
    cublasLtMatrixLayoutDestroy(out_);
    cublasLtMatmulDescDestroy(operation_);
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  std::vector<cublasLtMatmulAlgo_t> algorithms() const {
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "preference");
    check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &kWorkspaceBytes, sizeof kWorkspaceBytes),
          "workspace");
    std::array<cublasLtMatmulHeuristicResult_t, kAlgorithms> results{};
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle(), operation_, w_, x_, out_, out_, preference,
                                         kAlgorithms, results.data(), &found),
          "cublasLtMatmulAlgoGetHeuristic");
    cublasLtMatmulPreferenceDestroy(preference);
    std::vector<cublasLtMatmulAlgo_t> algorithms;
    for (int i = 0; i < found; ++i) {
      const auto& result = results[static_cast<size_t>(i)];
      if (result.state == CUBLAS_STATUS_SUCCESS) algorithms.push_back(result.algo);
    }
    return algorithms;
  }

  void run(const cublasLtMatmulAlgo_t& algorithm) const {
    const float one = 1.0f, zero = 0.0f;
    check(cublasLtMatmul(handle(), operation_, &one, args_.w.data, w_, args_.x, x_, &zero,
                         args_.out.f16, out_, args_.out.f16, out_, &algorithm, workspace(),
                         kWorkspaceBytes, cuda::device().stream),
          "cublasLtMatmul");
  }

 private:
  GemmArgs args_;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t w_ = nullptr, x_ = nullptr, out_ = nullptr;
};

}  // namespace

std::vector<cuda::sm90::Contender> cublas_algorithms(const GemmArgs& args) {
  const auto problem = std::make_shared<Problem>(args);
  std::vector<cuda::sm90::Contender> contenders;
  for (const cublasLtMatmulAlgo_t& algorithm : problem->algorithms())
    contenders.push_back({"cublasLt " + std::to_string(contenders.size()),
                          [problem, algorithm] { problem->run(algorithm); }});
  return contenders;
}

}  // namespace herosweep::kernels::bench
