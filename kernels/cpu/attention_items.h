// How attention is cut into work items for threads, and where a head's rows lie.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"

namespace herosweep::kernels::cpu {

/// One head of one sequence, or a part of its query rows.
struct AttentionItem {
  int head;
  int first_row;    // of the sequence, in the packed batch
  int rows;         // of the sequence
  int keys;         // valid ones, at most rows
  int query_begin;  // within the sequence
  int query_end;
};

/// Query rows of an item are a multiple of this, but for a sequence's last item.
inline constexpr int kQueryBlock = 12;

/// Items of a call: sequences x heads x query_parts, the sequence outermost.
struct AttentionItems {
  const AttentionArgs* args;
  int query_parts;

  int count() const { return args->sequences * args->heads * query_parts; }
  AttentionItem at(int index) const;
};

/// Splits the query rows of every head only where sequences x heads cannot keep `threads` busy: a
/// part has to lay out K and V again.
AttentionItems split_attention(const AttentionArgs& args, int threads);

/// Bytes between two rows of qkv.
inline constexpr size_t row_stride_elements(const AttentionArgs& args) {
  return 3 * static_cast<size_t>(args.heads) * static_cast<size_t>(args.head_size);
}

/// First element of part 0, 1, 2 (Q, K, V) of an item's head, in the sequence's first row.
inline constexpr size_t part_offset(const AttentionArgs& args, const AttentionItem& item,
                                    int part) {
  return static_cast<size_t>(item.first_row) * row_stride_elements(args) +
         static_cast<size_t>(part * args.heads + item.head) * static_cast<size_t>(args.head_size);
}

}  // namespace herosweep::kernels::cpu
