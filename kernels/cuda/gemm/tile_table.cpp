#include "kernels/cuda/gemm/tile_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace herosweep::kernels::cuda {
extern const std::string_view text_tile_table_csv;
}

namespace herosweep::kernels::cuda::sm90 {
namespace {

int divide_up(int a, int b) { return (a + b - 1) / b; }
int round_up(int a, int multiple) { return divide_up(a, multiple) * multiple; }

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

std::optional<Family> family_named(const std::string& text) {
  for (const Family family : families())
    if (name(family) == text) return family;
  return std::nullopt;
}

std::optional<int> tile_named(Family family, const std::string& text) {
  const std::vector<Tile>& all = tiles(family);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Tile& tile) { return tile.name == text; });
  if (found == all.end()) return std::nullopt;
  return static_cast<int>(found - all.begin());
}

/// Throws std::invalid_argument or std::out_of_range where a number is none.
std::optional<TileTime> parse_line(const std::string& line) {
  const std::vector<std::string> fields = split(line);
  if (fields.size() != 6) throw std::invalid_argument("six fields");
  TileTime time;
  time.size = {std::stoi(fields[1]), std::stoi(fields[2]), std::stoi(fields[3])};
  time.microseconds = std::stod(fields[5]);
  if (time.size.m < 1 || time.size.n < 1 || time.size.k < 1 || !(time.microseconds > 0))
    throw std::invalid_argument("positive numbers");
  const auto family = family_named(fields[0]);
  if (!family) return std::nullopt;
  const auto tile = tile_named(*family, fields[4]);
  if (!tile) return std::nullopt;
  time.family = *family;
  time.tile = *tile;
  return time;
}

double distance(const GemmSize& a, const GemmSize& b) {
  const auto square = [](int x, int y) {
    const double ratio = std::log2(double(x) / double(y));
    return ratio * ratio;
  };
  return square(a.m, b.m) + square(a.n, b.n) + square(a.k, b.k);
}

TileTable load() {
  const char* path = std::getenv("HEROSWEEP_TILE_TABLE");
  if (path == nullptr) return TileTable::parse(text_tile_table_csv, "the embedded tile table");
  std::ifstream file(path);
  std::stringstream text;
  if (!(text << file.rdbuf()))
    throw std::runtime_error(std::string("HEROSWEEP_TILE_TABLE: cannot read ") + path +
                             "; unset the variable to use the embedded table");
  return TileTable::parse(text.str(), path);
}

}  // namespace

double modelled_time(const Tile& tile, Family family, const GemmSize& size, int multiprocessors) {
  // In units of about one k-step of 128 bytes of a 64x64 tile. The constants minimise the loss over
  // the fastest of ten s8-s8 tiles at 40 shapes on one H200: 2 % on average, at most 12 %.
  const double area = tile.m * tile.n / 4096.0;
  const int bytes = family.operand == ElementType::s8 ? 1 : 2;
  const bool splits = tile.schedule == Schedule::split;
  // See SplitKernel::to_underlying_arguments.
  const int parts = splits && size.k * bytes % (16 * tile.cluster_m) == 0 ? tile.cluster_m : 1;
  const double steps = divide_up(size.k / parts * bytes, 128);
  const int blocks = splits ? divide_up(size.m, tile.m) * divide_up(size.n, tile.n) * tile.cluster_m
                            : round_up(divide_up(size.m, tile.m), tile.cluster_m) *
                                  round_up(divide_up(size.n, tile.n), tile.cluster_n);
  const bool one_tile = splits || tile.schedule == Schedule::warp_specialized;  // a block
  const bool one_group = one_tile || tile.schedule == Schedule::persistent;
  const bool overlaps =
      tile.schedule == Schedule::pingpong || tile.schedule == Schedule::co_resident;
  const double step = area * (one_group ? 1.04 : 0.67) + 0.68;
  const double epilogue = area * (overlaps ? 0.52 : 1.27);
  const double launch = one_group ? 5.0 : 10.0;
  // Blocks that have one tile each overlap: two or three are resident at once.
  const double waves = one_tile ? std::max(1.0, double(blocks) / multiprocessors)
                                : double(divide_up(blocks, multiprocessors));
  return launch + waves * (steps * step + epilogue);
}

TileTable TileTable::parse(std::string_view text, const std::string& origin) {
  std::vector<TileTime> times;
  std::istringstream stream{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    try {
      if (const auto time = parse_line(line)) times.push_back(*time);
    } catch (const std::logic_error&) {
      throw std::runtime_error(origin + ", line " + std::to_string(number) + ": \"" + line +
                               "\" is not family,m,n,k,tile,microseconds");
    }
  }
  return TileTable(std::move(times));
}

const TileTable& TileTable::loaded() {
  static const TileTable table = load();
  return table;
}

std::string TileTable::text() const {
  std::string text = "# family,m,n,k,tile,microseconds\n";
  for (const TileTime& time : times_) {
    char microseconds[32];
    std::snprintf(microseconds, sizeof microseconds, "%.2f", time.microseconds);
    text += name(time.family);
    for (const int edge : {time.size.m, time.size.n, time.size.k})
      text += "," + std::to_string(edge);
    text +=
        "," + tiles(time.family)[static_cast<size_t>(time.tile)].name + "," + microseconds + "\n";
  }
  return text;
}

TileTable TileTable::updated(std::vector<TileTime> newer) const {
  const auto measured = newer.size();
  const auto same_shape = [](const TileTime& a, const TileTime& b) {
    return a.family == b.family && a.size.m == b.size.m && a.size.n == b.size.n &&
           a.size.k == b.size.k;
  };
  for (const TileTime& time : times_) {
    const auto end = newer.begin() + static_cast<std::ptrdiff_t>(measured);
    if (std::none_of(newer.begin(), end,
                     [&](const TileTime& other) { return same_shape(time, other); }))
      newer.push_back(time);
  }
  return TileTable(std::move(newer));
}

int TileTable::best(Family family, const GemmSize& size, int multiprocessors) const {
  const std::vector<Tile>& all = tiles(family);
  // Weighted mean of log(measured / modelled) for each tile; a near shape outweighs far ones.
  constexpr double kExact = 1e-6;  // squared distance
  std::vector<double> weights(all.size(), 0.0), logs(all.size(), 0.0);
  for (const TileTime& time : times_) {
    if (!(time.family == family)) continue;
    const double near = distance(time.size, size) + kExact;
    const double weight = 1.0 / (near * near);
    const auto tile = static_cast<size_t>(time.tile);
    logs[tile] += weight * std::log(time.microseconds /
                                    modelled_time(all[tile], family, time.size, multiprocessors));
    weights[tile] += weight;
  }
  const bool measured = *std::max_element(weights.begin(), weights.end()) > 0;
  int best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (size_t tile = 0; tile < all.size(); ++tile) {
    if (measured && !(weights[tile] > 0)) continue;
    const double correction = measured ? logs[tile] / weights[tile] : 0.0;
    const double estimate =
        modelled_time(all[tile], family, size, multiprocessors) * std::exp(correction);
    if (estimate >= least) continue;
    least = estimate;
    best = static_cast<int>(tile);
  }
  return best;
}

}  // namespace herosweep::kernels::cuda::sm90
