#include "kernels/cpu/attention_items.h"

#include <algorithm>

namespace herosweep::kernels::cpu {
namespace {

// Laying out K and V costs about as much as a dozen query rows; a part should dwarf that.
constexpr int kMinRowsPerPart = 48;
constexpr int kItemsPerThread = 3;

int longest_sequence(const AttentionArgs& args) {
  int longest = 0;
  for (int s = 0; s < args.sequences; ++s) {
    longest = std::max(longest, args.offsets[s + 1] - args.offsets[s]);
  }
  return longest;
}

}  // namespace

AttentionItems split_attention(const AttentionArgs& args, int threads) {
  const int heads = std::max(1, args.sequences * args.heads);
  const int wanted = threads == 1 ? 1 : (kItemsPerThread * threads + heads - 1) / heads;
  if (wanted <= 1) return {&args, 1};
  const int possible = std::max(1, longest_sequence(args) / kMinRowsPerPart);
  return {&args, std::min(wanted, possible)};
}

AttentionItem AttentionItems::at(int index) const {
  const int part = index % query_parts;
  const int head = index / query_parts % args->heads;
  const int sequence = index / query_parts / args->heads;
  AttentionItem item{};
  item.head = head;
  item.first_row = args->offsets[sequence];
  item.rows = args->offsets[sequence + 1] - item.first_row;
  item.keys = args->lengths != nullptr ? args->lengths[sequence] : item.rows;
  const int blocks = (item.rows + kQueryBlock - 1) / kQueryBlock;
  item.query_begin = std::min(item.rows, blocks * part / query_parts * kQueryBlock);
  item.query_end = std::min(item.rows, blocks * (part + 1) / query_parts * kQueryBlock);
  return item;
}

}  // namespace herosweep::kernels::cpu
