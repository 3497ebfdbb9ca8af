// The reference page of every key, for docs/config.md.
#pragma once

#include <string>

namespace herosweep::config {

/// Markdown: a table for each section of the sweep file and of the task file, from their schemas.
std::string reference_page();

}  // namespace herosweep::config
