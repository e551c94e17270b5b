#include "apps/perf/protocol.hh"

#include <algorithm>

namespace millrace::perf {

namespace {
constexpr uint32_t longest_message = 16u << 20;
}

// The magic word, the workload, a zero, the message's bytes in network order.
std::array<char, hello::size> hello::emit() const noexcept {
    std::array<char, size> out{};
    std::copy(magic.begin(), magic.end(), out.begin());
    out[10] = char(what);
    for (unsigned i = 0; i < 4; ++i) out[12 + i] = char(message >> (24 - 8 * i));
    return out;
}

std::optional<hello> hello::parse(std::string_view bytes) noexcept {
    if (bytes.size() != size || !bytes.starts_with(magic)) return std::nullopt;
    auto what = uint8_t(bytes[10]);
    uint32_t message = 0;
    for (unsigned i = 0; i < 4; ++i) message = message << 8 | uint8_t(bytes[12 + i]);
    if (what < uint8_t(workload::read) || what > uint8_t(workload::rw) || bytes[11] != 0) return std::nullopt;
    if (message == 0 || message > longest_message) return std::nullopt;
    return hello{workload(what), message};
}

opening opening_of(std::string_view first) noexcept {
    if (hello::magic.starts_with(first.substr(0, hello::magic.size())))
        return first.size() < hello::size                   ? opening::unknown
               : hello::parse(first.substr(0, hello::size)) ? opening::stream
                                                            : opening::echo;
    // "*3\r\n$"
    for (size_t i = 0; i < std::min<size_t>(first.size(), 5); ++i) {
        const char c = first[i];
        const bool fits = i == 1 ? c >= '1' && c <= '9' : c == "*?\r\n$"[i];
        if (!fits) return opening::echo;
    }
    return first.size() < 5 ? opening::unknown : opening::resp;
}

}  // namespace millrace::perf
