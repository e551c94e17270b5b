// congestion_algorithm: by which rules a connection judges how much its path can take.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::net {

enum class congestion_algorithm : uint8_t {
    cubic,  // RFC 9438, with HyStart++ (RFC 9406)
    reno,   // RFC 5681
    dctcp,  // RFC 8257: where every queue marks
    bbr,    // draft-ietf-ccwg-bbr, version 3: by the rate at which the path delivers
};

// "cubic", "reno", "dctcp", "bbr": the names that Linux gives them, too.
std::string_view to_string(congestion_algorithm a) noexcept;
std::optional<congestion_algorithm> parse_congestion_algorithm(std::string_view name) noexcept;

}  // namespace millrace::net
