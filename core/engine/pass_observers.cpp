// What calibration and the error analysis see of a pass; nothing here runs in a timed pass.
#include "core/engine/pass.h"

namespace herosweep::engine {

namespace {

using quant::Site;

void count(SaturationCount& counter, const int8_t* values, int rows, int cols, int row_stride,
           kernels::Int8Range range) {
  for (int r = 0; r < rows; ++r) {
    const int8_t* row = values + static_cast<size_t>(r) * row_stride;
    for (int j = 0; j < cols; ++j) counter.at_limit += row[j] <= range.low || row[j] >= range.high;
  }
  counter.elements += static_cast<int64_t>(rows) * cols;
}

}  // namespace

void Pass::report_site(int layer, Site site, const Activations& x, bool static_s8, int cols) {
  if (observers.site) observers.site(layer, site, x.f32, batch.tokens(), cols);
  if (observers.saturation != nullptr && static_s8)
    count((*observers.saturation)[layer * quant::kSites + static_cast<int>(site)], x.s8,
          batch.tokens(), cols, cols, program.range);
}

void Pass::report_stream(int layer, Site site, const Activations& x, const StreamFormat& format) {
  // A token-wise tensor reaches the limit in every row by construction: only static ones saturate.
  const bool static_s8 = format.writes_s8() && format.gemm_input != quant::InputFormat::token_wise;
  report_site(layer, site, x, static_s8, model.config.hidden);
}

void Pass::report_qkv(int layer, const LayerProgram& program_layer) {
  const int hidden = model.config.hidden, rows = batch.tokens();
  const bool s8 = program_layer.edges.attention_s8;
  std::vector<float> columns;
  for (int part = 0; part < 3; ++part) {
    const Site site = static_cast<Site>(static_cast<int>(Site::query) + part);
    if (observers.saturation != nullptr && s8)
      count((*observers.saturation)[layer * quant::kSites + static_cast<int>(site)],
            workspace.qkv.s8 + part * hidden, rows, hidden, 3 * hidden, program.range);
    if (!observers.site) continue;
    columns.resize(static_cast<size_t>(rows) * hidden);
    for (int r = 0; r < rows; ++r) {
      const float* row = workspace.qkv.f32 + (static_cast<size_t>(r) * 3 + part) * hidden;
      std::copy(row, row + hidden, columns.begin() + static_cast<size_t>(r) * hidden);
    }
    observers.site(layer, site, columns.data(), rows, hidden);
  }
}

void Pass::report_hidden(int layer, const StreamFormat& format) {
  if (!observers.hidden) return;
  const int hidden = model.config.hidden, rows = batch.tokens();
  if (format.writes_f32()) {
    observers.hidden(layer, workspace.stream.f32, rows);
    return;
  }
  std::vector<float> values(static_cast<size_t>(rows) * hidden);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        static_cast<float>(workspace.stream.s8[i]) * workspace.stream.token_scale[i / hidden];
  observers.hidden(layer, values.data(), rows);
}

}  // namespace herosweep::engine
