#include "kernels/cuda/tensor_map.h"

#include <cudaTypedefs.h>

#include "kernels/cuda/check.h"

namespace herosweep::kernels::cuda {
namespace {

/// Asked for at run time, so that the program starts where there is no driver.
PFN_cuTensorMapEncodeTiled_v12000 encode_function() {
  constexpr unsigned kVersion = 12000;
  void* function = nullptr;
  cudaDriverEntryPointQueryResult result{};
  HEROSWEEP_CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function,
                                                        kVersion, cudaEnableDefault, &result));
  if (result != cudaDriverEntryPointSuccess)
    check(cudaErrorCallRequiresNewerDriver, "cuTensorMapEncodeTiled", __FILE__, __LINE__);
  return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
}

CUtensorMapSwizzle swizzle_of(uint32_t box_bytes) {
  if (box_bytes == 128) return CU_TENSOR_MAP_SWIZZLE_128B;
  return box_bytes == 64 ? CU_TENSOR_MAP_SWIZZLE_64B : CU_TENSOR_MAP_SWIZZLE_32B;
}

}  // namespace

CUtensorMap describe_boxes(const ByteMatrix& matrix, uint32_t box_bytes, uint32_t box_rows) {
  static const auto encode = encode_function();
  CUtensorMap map;
  const cuuint64_t extent[2] = {matrix.row_bytes, matrix.rows};
  const cuuint64_t stride[1] = {matrix.row_bytes};
  const cuuint32_t box[2] = {box_bytes, box_rows};
  const cuuint32_t step[2] = {1, 1};
  const CUresult result =
      encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, const_cast<void*>(matrix.data), extent, stride,
             box, step, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle_of(box_bytes),
             CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (result != CUDA_SUCCESS)
    check(cudaErrorInvalidValue, "cuTensorMapEncodeTiled", __FILE__, __LINE__);
  return map;
}

}  // namespace herosweep::kernels::cuda
