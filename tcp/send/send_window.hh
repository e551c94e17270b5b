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
    seq wl1{};             // the furthest SEG.SEQ of those that wnd was taken from
    seq wl2{};             // and SEG.ACK of the last
    uint32_t max_wnd = 0;  // the largest wnd there ever was: RFC 9293 §3.8.6.2.1, RFC 5961 §5.2
    uint8_t scale = 0;     // the peer's, Snd.Wind.Shift

    // Bytes sent and not acknowledged.
    uint32_t outstanding() const noexcept { return distance(una, nxt); }
    // Bytes that the peer will still accept; 0 while its window is closed. SND.UNA + SND.WND - SND.NXT (RFC
    // 9293 §3.8.6), never negative even if the peer shrank its window.
    uint32_t usable() const noexcept { return wnd > outstanding() ? wnd - outstanding() : 0; }

    // The right edge of the peer's window.
    seq edge() const noexcept { return una + wnd; }
    // SND.NXT for a segment without text: what lies behind a window that was closed or shrunk is not
    // acceptable to the peer (RFC 9293 §3.10.7.4, first check), and neither would be an ACK from there. Less
    // than a unit of the field behind it is what rounding has taken off (RFC 7323 §2.4): the peer may have
    // accepted that, and what comes from before it is old to it. A probe of the window is not of that kind.
    seq nxt_in_window(bool probing) const noexcept {
        return edge() + (probing ? 0 : (uint32_t(1) << scale) - 1) < nxt ? edge() : nxt;
    }

    // SND.UNA =< SEG.ACK =< SND.NXT; below SND.UNA the answer is no.
    bool acknowledges_sent(seq ack) const noexcept { return una <= ack && ack <= nxt; }

    // The window field of an acceptable segment: used unless it is older than the one known (RFC 9293
    // §3.10.7.4, fifth check). True if it changed SND.WND. ACKs never go back, so the one that acknowledges
    // more is newer, whatever SEG.SEQ says: data that is sent again has an old one, and if its window were
    // not used, SND.UNA would take the right edge along to where the peer offers nothing. Of the same SEG.ACK
    // SEG.SEQ decides, or a window that has grown: no peer takes back what it has offered.
    [[gnu::always_inline]] bool update(seq at, seq ack, uint16_t field) noexcept {
        if (at < wl1 || ack < wl2) [[unlikely]] {
            if (!is_newer(ack, field)) return false;
            at = later(wl1, at);
        }
        return update_newest(at, ack, field);
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
    // Of an old SEG.SEQ, or an old SEG.ACK.
    [[gnu::cold]] bool is_newer(seq ack, uint16_t field) const noexcept {
        return wl2 < ack || (wl2 == ack && wnd < uint32_t(field) << scale);
    }
    bool set(uint32_t bytes) noexcept {
        const bool changed = bytes != wnd;
        wnd = bytes;
        max_wnd = std::max(max_wnd, wnd);
        return changed;
    }
};

}  // namespace millrace::tcp
