// The one list of a BERT's tensors: names, shapes, and where their values live in a BertModel.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/model/bert.h"

namespace herosweep::model {

/// A tensor that the model reads and where its values go.
struct Slot {
  std::string name;  // without "bert."
  std::vector<int64_t> shape;
  std::function<float*(BertModel&)> place;
};

/// In order of their names. `labels` is the classifier's rows, 0 for none.
std::vector<Slot> bert_slots(const BertConfig& config, bool pooler, int labels);

/// A model whose tensors all have their place and are zero.
BertModel allocate_bert(const BertConfig& config, bool pooler, int labels);

}  // namespace herosweep::model
