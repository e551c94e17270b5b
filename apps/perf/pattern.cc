#include "apps/perf/pattern.hh"

#include "apps/perf/protocol.hh"

#include <algorithm>

namespace millrace::perf {

pattern::pattern(size_t longest) : bytes_(period + longest), longest_(longest) {
    uint32_t state = 1;
    for (size_t i = 0; i < period; ++i) {
        state = state * 1664525 + 1013904223;
        char c = char(state >> 24);
        bytes_[i] = c == hello::magic[0] ? char(c + 1) : c;  // no stretch of it looks like a hello
    }
    for (size_t i = period; i < bytes_.size(); ++i) bytes_[i] = bytes_[i - period];
}

bool pattern::matches(uint64_t place, std::string_view bytes) const noexcept {
    while (!bytes.empty()) {
        size_t n = std::min(bytes.size(), longest_);
        if (bytes.substr(0, n) != at(place, n)) return false;
        place += n;
        bytes.remove_prefix(n);
    }
    return true;
}

}  // namespace millrace::perf
