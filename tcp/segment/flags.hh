// The control bits of a segment. RFC 9293 §3.1.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::tcp {

class flags {
 public:
    enum bit : uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32, ece = 64, cwr = 128 };

    constexpr flags() noexcept = default;
    constexpr flags(bit b) noexcept : bits_(b) {}
    constexpr explicit flags(uint8_t bits) noexcept : bits_(bits) {}

    constexpr uint8_t bits() const noexcept { return bits_; }
    constexpr bool has(bit b) const noexcept { return (bits_ & b) != 0; }
    // Any of `f`.
    constexpr bool has_any(flags f) const noexcept { return (bits_ & f.bits_) != 0; }
    // Of the bits `mask`, exactly `f` is set.
    constexpr bool are(flags f, flags mask) const noexcept { return (bits_ & mask.bits_) == f.bits_; }
    constexpr flags without(flags f) const noexcept { return flags(uint8_t(bits_ & ~f.bits_)); }

    constexpr flags& operator|=(flags f) noexcept {
        bits_ |= f.bits_;
        return *this;
    }
    friend constexpr flags operator|(flags a, flags b) noexcept { return flags(uint8_t(a.bits_ | b.bits_)); }
    friend constexpr bool operator==(flags, flags) noexcept = default;

    // As tcpdump writes them: "S.", "P.", "none".
    std::string to_string() const;

 private:
    uint8_t bits_ = 0;
};

// Found only for two bits, so that flags::syn | flags::ack is a flags and no int.
constexpr flags operator|(flags::bit a, flags::bit b) noexcept {
    return flags(a) | flags(b);
}

}  // namespace millrace::tcp
