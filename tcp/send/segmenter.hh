// How much to send in the next segment, or whether to wait: sender's SWS avoidance and Nagle's algorithm. RFC
// 9293 §3.8.6.2.1 §3.7.4.
#pragma once

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

// All in bytes.
struct send_question {
    uint32_t unsent = 0;         // D: data that was never sent
    uint32_t usable_window = 0;  // U: of the peer
    uint32_t cwnd_room = 0;      // left of the congestion window
    uint32_t mss = 0;            // Eff.snd.MSS: what one segment can hold
    uint32_t max_wnd = 0;        // the largest window the peer ever offered
    bool idle = true;            // nothing is in flight
    bool no_delay = false;       // Nagle's algorithm is off
    bool finishing = false;      // FIN follows the data: no more will come, nothing to wait for
};

// Bytes of data to send now; 0: wait.
constexpr uint32_t segment_size(const send_question& q) noexcept {
    const uint32_t allowed = std::min(q.usable_window, q.cwnd_room);
    const uint32_t size = std::min({q.unsent, allowed, q.mss});
    if (size == q.mss) return size;                                                         // (1)
    if (size == q.unsent) return q.idle || q.no_delay || q.finishing ? size : 0;            // (2), Nagle
    if (allowed == q.cwnd_room && q.cwnd_room < q.usable_window) return q.idle ? size : 0;  // cwnd will open
    const bool half_window = size >= std::max<uint32_t>(q.max_wnd / 2, 1);                  // (3), Fs = 1/2
    return half_window && (q.idle || q.no_delay) ? size : 0;
}

}  // namespace millrace::tcp
