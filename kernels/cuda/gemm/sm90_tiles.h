// The tiles that are compiled for compute capability 9.0: TILE(m, n, k, cluster_m, cluster_n,
// schedule), one list a translation unit. An instantiation takes 12 to 25 s to compile, so a list
// holds few and the families together at most 40. k counts elements; 128 bytes are one swizzle
// atom.
#pragma once

#include "kernels/gemm.h"

namespace herosweep::kernels::cuda::sm90 {

/// How the warps of a block share the work. All have one warp that loads through TMA.
/// The first is a kernel of CUTLASS, the last one of ours, the others are persistent ones of
/// sm90_persistent.cuh.
///   warp_specialized: one consumer warp group, one tile a block
///   persistent:       one consumer warp group
///   co_resident:      two consumer warp groups halve each tile, two blocks share a multiprocessor
///   pingpong:         two consumer warp groups take turns, one multiplies while the other runs its
///                     epilogue
///   cooperative:      two consumer warp groups halve each tile
///   split:            sm90_split.cuh; the cluster_m blocks of a cluster share a tile and divide k
enum class Schedule : uint8_t {
  warp_specialized,
  persistent,
  co_resident,
  pingpong,
  cooperative,
  split
};

#define HEROSWEEP_SM90_S8_S8_NARROW(TILE)   \
  TILE(64, 64, 128, 1, 1, warp_specialized) \
  TILE(64, 64, 128, 4, 1, split)            \
  TILE(64, 64, 256, 1, 4, persistent)       \
  TILE(64, 96, 128, 1, 1, persistent)       \
  TILE(64, 128, 128, 1, 1, persistent)      \
  TILE(64, 192, 128, 1, 1, persistent)      \
  TILE(128, 96, 128, 1, 1, co_resident)
#define HEROSWEEP_SM90_S8_S8_WIDE(TILE)  \
  TILE(128, 128, 128, 1, 1, co_resident) \
  TILE(128, 128, 128, 2, 1, pingpong)    \
  TILE(128, 192, 128, 1, 1, pingpong)    \
  TILE(128, 192, 128, 1, 1, cooperative) \
  TILE(256, 160, 128, 1, 1, cooperative)

#define HEROSWEEP_SM90_S8_F16_NARROW(TILE)  \
  TILE(64, 64, 128, 1, 1, warp_specialized) \
  TILE(64, 64, 128, 4, 1, split)            \
  TILE(64, 64, 256, 1, 4, persistent)       \
  TILE(64, 96, 128, 1, 1, persistent)       \
  TILE(64, 128, 128, 1, 1, persistent)      \
  TILE(64, 192, 128, 1, 1, pingpong)
#define HEROSWEEP_SM90_S8_F16_WIDE(TILE) \
  TILE(128, 96, 128, 1, 1, co_resident)  \
  TILE(128, 128, 128, 1, 1, co_resident) \
  TILE(128, 128, 128, 2, 1, pingpong)    \
  TILE(128, 192, 128, 1, 1, pingpong)

#define HEROSWEEP_SM90_F16_F16_NARROW(TILE) \
  TILE(64, 64, 64, 1, 1, warp_specialized)  \
  TILE(64, 64, 64, 4, 1, split)             \
  TILE(64, 64, 128, 1, 1, warp_specialized) \
  TILE(64, 96, 128, 1, 1, persistent)       \
  TILE(64, 128, 128, 1, 1, persistent)      \
  TILE(64, 192, 64, 1, 1, pingpong)
#define HEROSWEEP_SM90_F16_F16_WIDE(TILE) \
  TILE(128, 96, 64, 1, 1, co_resident)    \
  TILE(128, 128, 64, 1, 1, co_resident)   \
  TILE(128, 192, 64, 1, 1, pingpong)      \
  TILE(128, 192, 64, 2, 1, pingpong)      \
  TILE(256, 160, 64, 1, 1, cooperative)

#define HEROSWEEP_SM90_F16_S8_NARROW(TILE)  \
  TILE(64, 64, 128, 1, 1, warp_specialized) \
  TILE(64, 96, 128, 1, 1, persistent)       \
  TILE(64, 128, 128, 1, 1, persistent)
#define HEROSWEEP_SM90_F16_S8_WIDE(TILE) \
  TILE(128, 96, 64, 1, 1, co_resident)   \
  TILE(128, 128, 64, 1, 1, co_resident)  \
  TILE(128, 192, 64, 2, 1, pingpong)     \
  TILE(256, 160, 64, 1, 1, cooperative)

/// One tile's GEMM: x and w of type `operand`, the output of type `output` (f16, s8; f32 in tests).
/// REQUIRES: supports(args), and the types of args are these.
template <ElementType operand, ElementType output, int m, int n, int k, int cluster_m,
          int cluster_n, Schedule schedule>
void run_tile(const GemmArgs& args);

}  // namespace herosweep::kernels::cuda::sm90
