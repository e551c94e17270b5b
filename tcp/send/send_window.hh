// What we may send: SND.UNA, SND.NXT, SND.WND. RFC 9293 §3.3.1 §3.8.6, scaling by RFC 7323 §2.
#pragma once

#include "tcp/segment/seq.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

struct send_window {
    seq una{};             // SND.UNA
    seq nxt{};             // SND.NXT: behind the furthest byte ever sent
    uint32_t wnd = 0;      // SND.WND, scaled up
    seq wl1{};             // SEG.SEQ of the segment that wnd is from
    seq wl2{};             // and its SEG.ACK
    uint32_t max_wnd = 0;  // the largest wnd there ever was: RFC 9293 §3.8.6.2.1, RFC 5961 §5.2
    uint8_t scale = 0;     // the peer's, Snd.Wind.Shift

    // Bytes sent and not acknowledged.
    uint32_t outstanding() const noexcept { return distance(una, nxt); }
    // Bytes that the peer will still accept; 0 while its window is closed. SND.UNA + SND.WND - SND.NXT (RFC
    // 9293 §3.8.6), never negative even if the peer shrank its window.
    uint32_t usable() const noexcept { return wnd > outstanding() ? wnd - outstanding() : 0; }

    // SND.NXT for a segment without text: what lies behind a window that was closed or shrunk is not
    // acceptable to the peer (RFC 9293 §3.10.7.4, first check), and neither would be an ACK from there.
    seq nxt_in_window() const noexcept { return earlier(nxt, una + wnd); }

    // SND.UNA =< SEG.ACK =< SND.NXT; below SND.UNA the answer is no.
    bool acknowledges_sent(seq ack) const noexcept { return una <= ack && ack <= nxt; }

    // The window field of an acceptable segment: used unless it is older than the one known (RFC 9293
    // §3.10.7.4, fifth check). True if it changed SND.WND.
    [[gnu::always_inline]] bool update(seq at, seq ack, uint16_t field) noexcept {
        return (wl1 < at || (wl1 == at && wl2 <= ack)) && update_newest(at, ack, field);
    }
    // The same of a segment that is known not to be older.
    bool update_newest(seq at, seq ack, uint16_t field) noexcept {
        wl1 = at;
        wl2 = ack;
        return set(uint32_t(field) << scale);
    }
    // The field of a SYN, which is never scaled (RFC 7323 §2.2).
    void start(seq at, seq ack, uint16_t field) noexcept {
        wl1 = at;
        wl2 = ack;
        set(field);
    }

 private:
    bool set(uint32_t bytes) noexcept {
        const bool changed = bytes != wnd;
        wnd = bytes;
        max_wnd = std::max(max_wnd, wnd);
        return changed;
    }
};

}  // namespace millrace::tcp
