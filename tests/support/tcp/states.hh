// Conversations that have come to a given state of RFC 9293 §3.3.2.
#pragma once

#include "tests/support/tcp/conversation.hh"

#include <memory>

namespace millrace::tcp::script {

// After a handshake with timestamps, SACK and scaling; SYN-RECEIVED by simultaneous open. Nothing is in
// flight but what the state implies: our SYN or FIN. Events are taken.
std::unique_ptr<conversation> conversation_in(connection_state s, conversation_options o = {});

// The synchronised states, but TIME-WAIT, which is no connection.
inline constexpr connection_state synchronised_states[] = {
    connection_state::established, connection_state::fin_wait_1, connection_state::fin_wait_2,
    connection_state::close_wait,  connection_state::closing,    connection_state::last_ack,
};

}  // namespace millrace::tcp::script
