// Builds the GEMM whose epilogue adds a residual and normalises, for one tile, and launches it.
// Everything that sm90_kernel.cuh says of dependent launch holds here too; the warps of the epilogue
// wait for the predecessor themselves before they fetch the residual.
#pragma once

#include "kernels/cuda/gemm/sm90_kernel.cuh"
#include "kernels/cuda/gemm/sm90_norm_epilogue.cuh"

namespace herosweep::kernels::cuda::sm90 {

inline NormParameters norm_parameters(const GemmArgs& gemm, const LayerNormArgs& norm) {
  NormParameters parameters;
  parameters.linear = epilogue_parameters<int8_t>(gemm);
  parameters.rows = gemm.m;
  parameters.x_is_s8 = gemm.out.s8 != nullptr;
  parameters.feature_scale = scales_or(norm.x.feature_scale, device().ones);
  parameters.residual = norm.residual.data;
  parameters.residual_is_s8 = norm.residual.type == ElementType::s8;
  parameters.residual_scale = scales_or(norm.residual.token_scale, device().ones);
  parameters.gamma = norm.gamma;
  parameters.beta = norm.beta;
  parameters.epsilon = norm.epsilon;
  parameters.f16 = norm.out.f16;
  parameters.s8 = norm.out.s8;
  parameters.token_scale = norm.out.token_scale;
  parameters.inverse_scale = scales_or(norm.out.inverse_scale, device().ones);
  parameters.low = static_cast<float>(norm.out.range.low);
  parameters.high = static_cast<float>(norm.out.range.high);
  parameters.divisor = norm.out.range.divisor;
  parameters.nonfinite = norm.nonfinite;
  return parameters;
}

template <ElementType operand, int m, int n, int k, int cluster_n, int residents>
void run_norm_tile(const GemmArgs& gemm, const LayerNormArgs& norm) {
  using Input = typename Storage<operand>::type;
  static_assert(m == 64, "one warp group");
  using Types = TileKernel<Input, NormEpilogue<n, cluster_n, Accumulator<operand>>,
                           cute::Shape<cute::Int<m>, cute::Int<n>, cute::Int<k>>,
                           cute::Shape<cute::_1, cute::Int<cluster_n>, cute::_1>,
                           Schedule::warp_specialized, PreparedEpilogue, residents>;
  run_kernel<typename Types::Kernel, Input>(gemm, norm_parameters(gemm, norm),
                                            dim3(1, cluster_n, 1));
}

}  // namespace herosweep::kernels::cuda::sm90
