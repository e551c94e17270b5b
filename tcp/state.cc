#include "tcp/state.hh"

namespace millrace::tcp {

std::string_view to_string(connection_state s) noexcept {
    switch (s) {
        case connection_state::closed:
            return "CLOSED";
        case connection_state::listen:
            return "LISTEN";
        case connection_state::syn_sent:
            return "SYN-SENT";
        case connection_state::syn_received:
            return "SYN-RECEIVED";
        case connection_state::established:
            return "ESTABLISHED";
        case connection_state::fin_wait_1:
            return "FIN-WAIT-1";
        case connection_state::fin_wait_2:
            return "FIN-WAIT-2";
        case connection_state::close_wait:
            return "CLOSE-WAIT";
        case connection_state::closing:
            return "CLOSING";
        case connection_state::last_ack:
            return "LAST-ACK";
        case connection_state::time_wait:
            return "TIME-WAIT";
    }
    return "?";
}

}  // namespace millrace::tcp
