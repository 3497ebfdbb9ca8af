// Activations of one pass, carved out of one block. A buffer exists only if an edge needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/engine/edges.h"
#include "core/model/bert.h"

namespace herosweep::engine {

/// One activation tensor [tokens, cols] in the formats that its edges ask for.
struct Activations {
  void* floating = nullptr;  // in the backend's floating-point format
  int8_t* s8 = nullptr;
  float* token_scale = nullptr;  // [tokens]
};

struct Workspace {
  Activations stream;           // [tokens, hidden], a layer's input
  Activations middle;           // [tokens, hidden], behind the attention's layer norm
  Activations qkv;              // [tokens, 3 * hidden]
  Activations context;          // [tokens, hidden]
  Activations projection;       // [tokens, hidden]; attention_output's and fc2's result
  Activations intermediate;     // [tokens, intermediate]
  void* dequantized = nullptr;  // [tokens, max(hidden, intermediate)], simulated schemes only
};

/// Formats that occur on any edge of the plan.
class WorkspaceLayout {
 public:
  WorkspaceLayout(const model::BertConfig& config, const std::vector<LayerEdges>& edges,
                  bool simulated, size_t floating_bytes);
  size_t bytes(int tokens) const;
  Workspace carve(void* block, int tokens) const;

 private:
  struct Need {
    int cols = 0;
    bool floating = false, s8 = false, token_scale = false;
  };
  template <class Visit>
  void visit(Workspace& workspace, Visit&& visit) const;

  Need stream_, middle_, qkv_, context_, projection_, intermediate_;
  int dequantized_cols_ = 0;
  size_t floating_bytes_;
};

}  // namespace herosweep::engine
