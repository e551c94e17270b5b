#include "net/endpoint.hh"

#include "net/error.hh"

#include <fmt/format.h>

#include <optional>

namespace millrace::net {

namespace {

std::error_code invalid_endpoint() {
    return make_error_code(errc::invalid_address);
}

std::optional<uint16_t> parse_port(std::string_view text) {
    if (text.empty() || text.size() > 5) return std::nullopt;
    uint32_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + uint32_t(c - '0');
    }
    if (value > 65535) return std::nullopt;
    return uint16_t(value);
}

}  // namespace

result<endpoint> endpoint::parse(std::string_view text) noexcept {
    size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return invalid_endpoint();
    auto port = parse_port(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (!port || host.empty()) return invalid_endpoint();
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    auto address = ip_address::parse(host);
    if (!address) return address.error();
    if (bracketed != (host.find(':') != std::string_view::npos)) return invalid_endpoint();
    return endpoint{*address, *port};
}

std::string to_string(const endpoint& e) {
    if (e.address.is_v4()) return fmt::format("{}:{}", e.address, e.port);
    return fmt::format("[{}]:{}", e.address, e.port);
}

}  // namespace millrace::net
