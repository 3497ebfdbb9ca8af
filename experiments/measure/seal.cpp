#include "experiments/measure/seal.h"

#include <fmt/format.h>
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <string>

namespace herosweep::measure {

namespace {

using nlohmann::json;

/// Both sides know the same canonical text: keys in order, floating-point numbers in their shortest
/// form.
int64_t checksum(const json& answer) {
  const std::string text = answer.dump(-1, ' ', false, json::error_handler_t::replace);
  return static_cast<int64_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

}  // namespace

void seal(json& answer) { answer["crc32"] = checksum(answer); }

void check_seal(const json& event) {
  json answer = event;
  for (const char* envelope : {"event", "job", "crc32"}) answer.erase(envelope);
  const int64_t sent = event.value("crc32", int64_t{-1});
  const int64_t found = checksum(answer);
  if (sent != found)
    throw DamagedAnswer(fmt::format(
        "the worker's answer was damaged on its way (checksum {}, sent as {}); nothing of it was "
        "kept; if it happens again, test the machine's memory",
        found, sent));
}

}  // namespace herosweep::measure
