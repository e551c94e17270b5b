#include "net/congestion.hh"

namespace millrace::net {

std::string_view to_string(congestion_algorithm a) noexcept {
    switch (a) {
        case congestion_algorithm::cubic:
            return "cubic";
        case congestion_algorithm::reno:
            return "reno";
        case congestion_algorithm::dctcp:
            return "dctcp";
        case congestion_algorithm::bbr:
            return "bbr";
    }
    __builtin_unreachable();
}

std::optional<congestion_algorithm> parse_congestion_algorithm(std::string_view name) noexcept {
    using enum congestion_algorithm;
    for (auto a : {cubic, reno, dctcp, bbr})
        if (name == to_string(a)) return a;
    return std::nullopt;
}

}  // namespace millrace::net
