// Text inside HTML and SVG.
#pragma once

#include <string>

namespace herosweep::report {

/// Escaped for elements' contents and for attributes in double quotes.
inline std::string markup(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

}  // namespace herosweep::report
