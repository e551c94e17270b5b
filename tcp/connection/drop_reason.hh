// Why a connection refused a segment, or some of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::tcp {

enum class drop_reason : uint8_t {
    none,                // taken
    closed,              // the connection is over
    no_ack,              // without ACK, in a state that needs it: RFC 9293 §3.10.7.4, fifth
    unexpected,          // neither SYN nor RST in SYN-SENT: RFC 9293 §3.10.7.3, fifth
    out_of_window,       // nothing in it is in the receive window: RFC 9293 §3.10.7.4, first
    old_timestamp,       // PAWS: RFC 7323 §5.3
    missing_timestamp,   // agreed on, and not there: RFC 7323 §3.2
    reset_challenged,    // a RST in the window, not at its edge: RFC 5961 §3.2
    syn_challenged,      // a SYN in a synchronised state: RFC 5961 §4.2
    unacceptable_ack,    // acknowledges what was never sent: RFC 9293 §3.10.7.4, fifth
    ancient_ack,         // acknowledges what was acknowledged long ago: RFC 5961 §5.2
    unacceptable_reset,  // a RST in SYN-SENT that does not acknowledge our SYN
    data_after_close,    // nobody is here to read it: RFC 9293 §3.6.1
    data_after_fin,      // text behind the peer's FIN
    reassembly_full,     // came before its turn, and there is no room to keep it
    no_memory,           // the shard is short of it
};
inline constexpr size_t drop_reasons = 16;

// As in the names of counters: "out_of_window".
std::string_view to_string(drop_reason r) noexcept;

}  // namespace millrace::tcp
