// Text for fonts with 256 characters.
#pragma once

#include <string>

namespace herosweep::report {

/// UTF-8 as one byte a character; characters that Latin-1 lacks become question marks.
inline std::string latin1(const std::string& utf8) {
  std::string out;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if ((byte & 0xC0) == 0x80) continue;  // the rest of a character that was dealt with
    if (byte < 0x80)
      out += utf8[i];
    else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < utf8.size())
      out += static_cast<char>(((byte & 0x03) << 6) | (utf8[i + 1] & 0x3F));
    else
      out += '?';
  }
  return out;
}

}  // namespace herosweep::report
