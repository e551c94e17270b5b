// What keeps the segments of an established connection from being plain.
#pragma once

#include <bit>
#include <cstdint>

namespace millrace::tcp {

// One word, so that all are looked at in one.
struct unusual_output {
    bool syn_due : 1 = false;    // SYN or SYN-ACK is to be sent
    bool probe_due : 1 = false;  // of the closed window, or of the tail of the flight
    bool keepalive_due : 1 = false;
    bool reset_due : 1 = false;
    bool stray_reset_due : 1 = false;
    bool fin_queued : 1 = false;         // the user has finished sending
    bool cwnd_limited : 1 = false;       // the congestion window, nothing else, stopped the last sending
    bool ece_due : 1 = false;            // RFC 3168 §6.1.3: ACKs tell of a mark
    bool cwr_due : 1 = false;            // RFC 3168 §6.1.2: new data tells that the window was reduced
    bool probing : 1 = false;            // what is in flight is a probe behind the closed window
    bool measured : 1 = false;           // the congestion control is to be told of every ACK
    bool accurate : 1 = false;           // RFC 9768: what arrives is counted
    bool counts_due : 1 = false;         // RFC 9768 §3.2.3.3: the next ACK tells more than the last one did
    bool handshake_ack_due : 1 = false;  // RFC 9768 §3.2.2.1
    bool sizing : 1 = false;             // RFC 4821: a larger segment size is being looked for
    bool restarting : 1 = false;         // RFC 7661 §4.4.2: behind a silence new data may have to be paced

    // Something may be to be sent.
    bool any() const noexcept {
        unusual_output others = *this;
        others.accurate = others.counts_due = others.sizing = others.restarting = false;
        return std::bit_cast<uint16_t>(others) != 0;
    }
    // What concerns arriving segments, too.
    bool special_input() const noexcept { return probing || measured || accurate || sizing; }
    // Other than that the congestion window had stopped the last sending.
    bool but_for_cwnd() const noexcept {
        unusual_output others = *this;
        others.cwnd_limited = others.accurate = false;
        return std::bit_cast<uint16_t>(others) != 0;
    }
};
static_assert(sizeof(unusual_output) == 2);

}  // namespace millrace::tcp
