// The inputs that are kept: each found something once, or goes where others do not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::fuzz {

// Those of a target, below tests/fuzz/corpus/, in the order of their names.
std::vector<std::string> read_corpus(std::string_view target);

}  // namespace millrace::fuzz
