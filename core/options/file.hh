// A YAML file of settings: keys nest by their dots.
#pragma once

#include "core/options/reader.hh"

#include <string>
#include <string_view>

namespace millrace {

// Hands every value of the file to `reader`, with its file and line. Throws config_error.
void read_config_file(const std::string& path, config_reader& reader);

// The same for a text already read; `path` is for messages.
void read_config_text(const std::string& path, const std::string& text, config_reader& reader);

}  // namespace millrace
