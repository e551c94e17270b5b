// The control bits of a segment. RFC 9293 §3.1, RFC 9768 §3.1.1 (AE).
#pragma once

#include <cstdint>
#include <string>

namespace millrace::tcp {

class flags {
 public:
    enum bit : uint16_t {
        fin = 1,
        syn = 2,
        rst = 4,
        psh = 8,
        ack = 16,
        urg = 32,
        ece = 64,
        cwr = 128,
        ae = 256
    };

    constexpr flags() noexcept = default;
    constexpr flags(bit b) noexcept : bits_(b) {}
    constexpr explicit flags(uint16_t bits) noexcept : bits_(bits) {}
    // Those of bytes 12 and 13 of a header.
    static constexpr flags of_wire(uint16_t word) noexcept { return flags(uint16_t(word & all)); }
    // AE, CWR and ECE that say `n` modulo 8: RFC 9768 §3.2.2.
    static constexpr flags of_ace(uint32_t n) noexcept { return flags(uint16_t((n & 7) << ace_shift)); }

    constexpr uint16_t bits() const noexcept { return bits_; }
    // AE, CWR and ECE as one number, the ACE field of RFC 9768 §3.2.2.
    constexpr uint8_t ace() const noexcept { return uint8_t(bits_ >> ace_shift); }
    constexpr bool has(bit b) const noexcept { return (bits_ & b) != 0; }
    // Any of `f`.
    constexpr bool has_any(flags f) const noexcept { return (bits_ & f.bits_) != 0; }
    // Of the bits `mask`, exactly `f` is set.
    constexpr bool are(flags f, flags mask) const noexcept { return (bits_ & mask.bits_) == f.bits_; }
    constexpr flags without(flags f) const noexcept { return flags(uint16_t(bits_ & ~f.bits_)); }

    constexpr flags& operator|=(flags f) noexcept {
        bits_ |= f.bits_;
        return *this;
    }
    friend constexpr flags operator|(flags a, flags b) noexcept { return flags(uint16_t(a.bits_ | b.bits_)); }
    friend constexpr bool operator==(flags, flags) noexcept = default;

    // As tcpdump writes them: "S.", "P.", "none".
    std::string to_string() const;

 private:
    static constexpr uint16_t all = 511;
    static constexpr unsigned ace_shift = 6;

    uint16_t bits_ = 0;
};

// Found only for two bits, so that flags::syn | flags::ack is a flags and no int.
constexpr flags operator|(flags::bit a, flags::bit b) noexcept {
    return flags(a) | flags(b);
}

}  // namespace millrace::tcp
