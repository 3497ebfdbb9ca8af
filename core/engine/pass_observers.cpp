// What calibration and the error analysis see of a pass; nothing here runs in a timed pass.
#include "core/engine/pass.h"

namespace herosweep::engine {

namespace {

using quant::Site;

/// Values <= low or >= high among `size`. Counts sixty-four values side by side in bytes, which the
/// compiler turns into vectors; a byte lasts 255 of them.
int64_t count_at_limits(const int8_t* values, size_t size, int8_t low, int8_t high) {
  constexpr size_t kLanes = 64;
  int64_t count = 0;
  size_t i = 0;
  while (size - i >= kLanes) {
    uint8_t lanes[kLanes] = {};
    for (int block = 0; block < 255 && size - i >= kLanes; ++block, i += kLanes)
      for (size_t j = 0; j < kLanes; ++j) lanes[j] += values[i + j] <= low || values[i + j] >= high;
    for (const uint8_t lane : lanes) count += lane;
  }
  for (; i < size; ++i) count += values[i] <= low || values[i] >= high;
  return count;
}

void count(SaturationCount& counter, const int8_t* values, int rows, int cols, int row_stride,
           kernels::Int8Range range) {
  for (int r = 0; r < rows; ++r)
    counter.at_limit +=
        count_at_limits(values + static_cast<size_t>(r) * row_stride, static_cast<size_t>(cols),
                        static_cast<int8_t>(range.low), static_cast<int8_t>(range.high));
  counter.elements += static_cast<int64_t>(rows) * cols;
}

}  // namespace

std::vector<float> Pass::floats_of(const Activations& x, int cols) const {
  return download_floating(backend, x.floating, static_cast<size_t>(inputs.real_tokens()) * cols);
}

std::vector<int8_t> Pass::bytes_of(const Activations& x, int cols) const {
  std::vector<int8_t> values(static_cast<size_t>(inputs.real_tokens()) * cols);
  backend.download(values.data(), x.s8, values.size());
  return values;
}

void Pass::report_site(int layer, Site site, const Activations& x, bool static_s8, int cols) {
  const int rows = inputs.real_tokens();
  if (observers.site) observers.site(layer, site, floats_of(x, cols).data(), rows, cols);
  if (observers.saturation != nullptr && static_s8)
    count((*observers.saturation)[layer * quant::kSites + static_cast<int>(site)],
          bytes_of(x, cols).data(), rows, cols, cols, program.range);
}

void Pass::report_stream(int layer, Site site, const Activations& x, const StreamFormat& format) {
  // A token-wise tensor reaches the limit in every row by construction: only static ones saturate.
  const bool static_s8 = format.writes_s8() && format.gemm_input != quant::InputFormat::token_wise;
  report_site(layer, site, x, static_s8, model.config.hidden);
}

void Pass::report_qkv(int layer, const LayerProgram& program_layer) {
  const int hidden = model.config.hidden, rows = inputs.real_tokens(), stride = 3 * hidden;
  const bool counted = observers.saturation != nullptr && program_layer.edges.attention_s8;
  const auto bytes = counted ? bytes_of(workspace.qkv, stride) : std::vector<int8_t>();
  const auto floats = observers.site ? floats_of(workspace.qkv, stride) : std::vector<float>();
  std::vector<float> columns(observers.site ? static_cast<size_t>(rows) * hidden : 0);
  for (int part = 0; part < 3; ++part) {
    const Site site = static_cast<Site>(static_cast<int>(Site::query) + part);
    if (counted)
      count((*observers.saturation)[layer * quant::kSites + static_cast<int>(site)],
            bytes.data() + part * hidden, rows, hidden, stride, program.range);
    if (!observers.site) continue;
    for (int r = 0; r < rows; ++r) {
      const float* row = floats.data() + (static_cast<size_t>(r) * 3 + part) * hidden;
      std::copy(row, row + hidden, columns.begin() + static_cast<size_t>(r) * hidden);
    }
    observers.site(layer, site, columns.data(), rows, hidden);
  }
}

void Pass::report_hidden(int layer, const StreamFormat& format) {
  if (!observers.hidden) return;
  const int hidden = model.config.hidden, rows = inputs.real_tokens();
  if (format.writes_f32()) {
    observers.hidden(layer, floats_of(workspace.stream, hidden).data(), rows);
    return;
  }
  const auto bytes = bytes_of(workspace.stream, hidden);
  std::vector<float> scales(static_cast<size_t>(rows)), values(bytes.size());
  backend.download(scales.data(), workspace.stream.token_scale, scales.size() * sizeof(float));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(bytes[i]) * scales[i / hidden];
  observers.hidden(layer, values.data(), rows);
}

}  // namespace herosweep::engine
