#include "tcp/listen/four_tuple.hh"

#include <cstring>

namespace millrace::tcp {
namespace {

void put(uint8_t* to, const net::ip_address& a) noexcept {
    const uint64_t words[2] = {a.high(), a.low()};
    std::memcpy(to, words, sizeof words);
}

}  // namespace

packed_tuple::packed_tuple(const four_tuple& t) noexcept {
    put(bytes.data(), t.local.address);
    put(bytes.data() + 16, t.remote.address);
    std::memcpy(bytes.data() + 32, &t.local.port, 2);
    std::memcpy(bytes.data() + 34, &t.remote.port, 2);
}

}  // namespace millrace::tcp
