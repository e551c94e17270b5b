// What SYN, SYN-ACK and the ACK behind them say of explicit congestion notification. RFC 3168 §6.1.1, RFC
// 9768 §3.1, §3.2.2.1.
#pragma once

#include "net/ecn.hh"
#include "tcp/segment/flags.hh"

#include <cstdint>
#include <optional>

namespace millrace::tcp {

// How an end tells the other of the marks that it sees.
enum class ecn_feedback : uint8_t {
    none,      // not at all: marks are not used
    classic,   // by one bit, until the other has reacted: RFC 3168
    accurate,  // by counters: RFC 9768
};

inline constexpr flags ecn_bits = flags::ae | flags::cwr | flags::ece;

// What our SYN asks for.
constexpr flags asking_for(ecn_feedback f) noexcept {
    if (f == ecn_feedback::none) return {};
    return f == ecn_feedback::classic ? flags::cwr | flags::ece : ecn_bits;
}

// What a peer's SYN asks for. RFC 9768 §3.1.3: what is not known asks for no less than we know.
constexpr ecn_feedback asked_by(flags syn) noexcept {
    if (syn.are(flags(), ecn_bits)) return ecn_feedback::none;
    return syn.are(flags::cwr | flags::ece, ecn_bits) ? ecn_feedback::classic : ecn_feedback::accurate;
}

// RFC 9768 §3.1.5: SYNs of one handshake that ask for this kind and for that end it, as nobody can know which
// was heard.
constexpr bool contradicts(flags syn, ecn_feedback agreed) noexcept {
    const ecn_feedback asked = asked_by(syn);
    return asked != ecn_feedback::none && agreed != ecn_feedback::none && asked != agreed;
}

// RFC 9768 table 3: that what we answer came with `mark` in its IP header.
constexpr flags handshake_ace(net::ecn mark) noexcept {
    switch (mark) {
        case net::ecn::not_capable:
            return flags::cwr;
        case net::ecn::ect1:
            return flags::cwr | flags::ece;
        case net::ecn::ect0:
            return flags::ae;
        case net::ecn::congestion_experienced:
            return flags::ae | flags::cwr;
    }
    __builtin_unreachable();
}

// RFC 9768 tables 2 and 4: with what mark the peer has received what it answers; none if it does not say.
constexpr std::optional<net::ecn> handshake_mark(flags answer) noexcept {
    for (const net::ecn m :
         {net::ecn::not_capable, net::ecn::ect1, net::ecn::ect0, net::ecn::congestion_experienced})
        if (answer.are(handshake_ace(m), ecn_bits)) return m;
    return std::nullopt;
}

// What our SYN-ACK says, to a SYN that came with `mark`: RFC 9768 table 2.
constexpr flags answering(ecn_feedback agreed, net::ecn mark) noexcept {
    if (agreed == ecn_feedback::none) return {};
    return agreed == ecn_feedback::classic ? tcp::flags(flags::ece) : handshake_ace(mark);
}

// What the peer's SYN-ACK agrees to, if our SYN has asked for that: RFC 9768 table 2, §3.1.3. A peer that
// reflects what it does not understand agrees to nothing.
constexpr ecn_feedback agreed_by(flags syn_ack, ecn_feedback asked) noexcept {
    if (asked == ecn_feedback::none) return asked;
    if (asked == ecn_feedback::classic) {
        const bool agrees = syn_ack.are(flags::ece, flags::cwr | flags::ece);
        return agrees ? ecn_feedback::classic : ecn_feedback::none;
    }
    if (syn_ack.are(flags(), ecn_bits) || syn_ack.are(ecn_bits, ecn_bits)) return ecn_feedback::none;
    return syn_ack.are(flags::ece, ecn_bits) ? ecn_feedback::classic : ecn_feedback::accurate;
}

}  // namespace millrace::tcp
