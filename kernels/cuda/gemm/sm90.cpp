#include "kernels/cuda/gemm/sm90.h"

#include <array>
#include <map>
#include <stdexcept>

#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/tile_table.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda::sm90 {
namespace {

constexpr size_t kAlignment = 16;  // of TMA: addresses and rows

const char* type_name(ElementType type) { return type == ElementType::s8 ? "s8" : "f16"; }

const char* schedule_name(Schedule schedule) {
  switch (schedule) {
    case Schedule::warp_specialized:
      return "warp_specialized";
    case Schedule::persistent:
      return "persistent";
    case Schedule::pingpong:
      return "pingpong";
    case Schedule::cooperative:
      return "cooperative";
    case Schedule::co_resident:
      return "co_resident";
    case Schedule::split:
      return "split";
  }
  return "?";
}

template <ElementType operand, ElementType output, int m, int n, int k, int cluster_m,
          int cluster_n, Schedule schedule>
Tile make_tile() {
  const auto product = [](int a, int b) { return std::to_string(a) + "x" + std::to_string(b); };
  return {product(m, n) + "x" + std::to_string(k) + " c" + product(cluster_m, cluster_n) + " " +
              schedule_name(schedule),
          m,
          n,
          k,
          cluster_m,
          cluster_n,
          schedule,
          run_tile<operand, output, m, n, k, cluster_m, cluster_n, schedule>};
}

#define ENTRY(OPERAND, OUTPUT, ...) \
  make_tile<ElementType::OPERAND, ElementType::OUTPUT, __VA_ARGS__>(),
#define S8_S8(m, n, k, cm, cn, schedule) ENTRY(s8, s8, m, n, k, cm, cn, Schedule::schedule)
#define S8_F16(m, n, k, cm, cn, schedule) ENTRY(s8, f16, m, n, k, cm, cn, Schedule::schedule)
#define F16_F16(m, n, k, cm, cn, schedule) ENTRY(f16, f16, m, n, k, cm, cn, Schedule::schedule)
#define F16_S8(m, n, k, cm, cn, schedule) ENTRY(f16, s8, m, n, k, cm, cn, Schedule::schedule)

struct TileList {
  Family family;
  std::vector<Tile> tiles;
};

const std::array<TileList, 4>& lists() {
  static const std::array<TileList, 4> lists{{
      {{ElementType::s8, ElementType::s8},
       {HEROSWEEP_SM90_S8_S8_NARROW(S8_S8) HEROSWEEP_SM90_S8_S8_WIDE(S8_S8)}},
      {{ElementType::s8, ElementType::f16},
       {HEROSWEEP_SM90_S8_F16_NARROW(S8_F16) HEROSWEEP_SM90_S8_F16_WIDE(S8_F16)}},
      {{ElementType::f16, ElementType::f16},
       {HEROSWEEP_SM90_F16_F16_NARROW(F16_F16) HEROSWEEP_SM90_F16_F16_WIDE(F16_F16)}},
      {{ElementType::f16, ElementType::s8},
       {HEROSWEEP_SM90_F16_S8_NARROW(F16_S8) HEROSWEEP_SM90_F16_S8_WIDE(F16_S8)}},
  }};
  return lists;
}

#undef ENTRY
#undef S8_S8
#undef S8_F16
#undef F16_F16
#undef F16_S8

bool aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % kAlignment == 0; }

size_t element_bytes(ElementType type) { return type == ElementType::s8 ? 1 : 2; }

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> families = [] {
    std::vector<Family> all;
    for (const TileList& list : lists()) all.push_back(list.family);
    return all;
  }();
  return families;
}

Family family_of(const GemmArgs& args) {
  return {args.x_type, args.out.s8 != nullptr ? ElementType::s8 : ElementType::f16};
}

std::string name(Family family) {
  return std::string(type_name(family.operand)) + "-" + type_name(family.output);
}

const std::vector<Tile>& tiles(Family family) {
  for (const TileList& list : lists())
    if (list.family == family) return list.tiles;
  throw std::logic_error("no SM90 GEMM for " + name(family));
}

bool supports(const GemmArgs& args) {
  const Output& out = args.out;
  if (args.x_type != args.w.type) return false;
  if (args.x_type != ElementType::s8 && args.x_type != ElementType::f16) return false;
  if ((out.f16 != nullptr) == (out.s8 != nullptr)) return false;
  if (out.f32 != nullptr || out.token_scale != nullptr) return false;
  const size_t x_row = static_cast<size_t>(args.w.k) * element_bytes(args.x_type);
  const size_t out_row = static_cast<size_t>(args.w.n) * element_bytes(family_of(args).output);
  return args.w.n <= kConstants && x_row % kAlignment == 0 && out_row % kAlignment == 0 &&
         aligned(args.x) && aligned(args.w.data) && aligned(out.f16) && aligned(out.s8) &&
         aligned(args.row_scale) && aligned(args.bias) && aligned(out.inverse_scale);
}

int choose(const GemmArgs& args) {
  // Calls repeat a few shapes, and a look-up weighs every measured shape against them.
  using Key = std::array<int, 5>;
  static std::map<Key, int> chosen;
  const Family family = family_of(args);
  const Key key{static_cast<int>(family.operand), static_cast<int>(family.output), args.m, args.w.n,
                args.w.k};
  const auto found = chosen.find(key);
  if (found != chosen.end()) return found->second;
  const int tile =
      TileTable::loaded().best(family, {args.m, args.w.n, args.w.k}, device().multiprocessors);
  chosen[key] = tile;
  return tile;
}

void gemm(const GemmArgs& args) {
  tiles(family_of(args))[static_cast<size_t>(choose(args))].run(args);
}

}  // namespace herosweep::kernels::cuda::sm90
