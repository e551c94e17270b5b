// One end of a TCP connection, from its SYN to TIME-WAIT, without I/O. RFC 9293 §3.10.
#pragma once

#include "core/buffer.hh"
#include "core/time.hh"
#include "tcp/connection/connection_parts.hh"
#include "tcp/connection/drop_reason.hh"
#include "tcp/segment/segment.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace millrace::tcp {

class plain_segment;
class plain_run;
struct plain_outgoing;

// Five verbs: segments and the time come in, segments, events and deadlines come out; nothing is called back.
// After each verb but next_segment(), and after each call of the user, next_segment() may have something to
// send: pull it until it says no, at the latest at the end of the turn.
class connection : connection_parts {
 public:
    // Active open: the first next_segment() gives the SYN. `s` and `limits`, the shard's, outlive the
    // connection, or else its end: is_closed().
    connection(const settings& s, shard_limits& limits, const opening& o, time_point now) noexcept;
    // Passive open, in SYN-RECEIVED.
    connection(const settings& s, shard_limits& limits, const opening& o, const passive_opening& p,
               time_point now) noexcept;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // The verbs.
    //
    // A segment of this four-tuple, with a good checksum. Says why it was refused.
    drop_reason on_segment(segment&& s, time_point now) noexcept;
    // The time next_timeout() spoke of has come. To call it earlier, or for nothing, does nothing.
    void on_timeout(time_point now) noexcept;
    // When to call on_timeout(); `never` if nothing waits. Only later than a former answer means that nothing
    // need be done: a timer armed for the former one may strike and find out.
    time_point next_timeout() const noexcept {
        time_point t = std::min(std::min(retransmit_at_, quiet_at_), acks_.deadline());
        if (flight_.size() > 1 || !recovery_.is_quiet()) t = std::min(t, loss_timeout());
        return more_deadlines_ ? std::min(t, rare_deadline()) : t;
    }
    // Fills `out`, which is fresh, with the next segment to send now; false if there is none. The payload's
    // buffers share memory with the send buffer. `cookie`: for the first SYN, which brings data if it is one;
    // or for the first SYN-ACK.
    bool next_segment(outgoing& out, time_point now, const fast_open_cookie* cookie = nullptr) noexcept;
    // The short ways of on_segment() for a segment that is just the one expected, or several: false, with
    // nothing changed, if not. Payloads are the caller's: they go to who reads, if readable_bytes() is zero,
    // or to keep().
    bool on_plain_segment(const plain_segment& s, time_point now) noexcept;
    bool on_plain_run(const plain_run& r, time_point now) noexcept;
    void keep(buffer&& payload) noexcept {
        in_.push(std::move(payload));
        events_ |= events::readable;
    }
    // The short way of next_segment(), asked first: false, with nothing changed, if what is next is not
    // plain.
    bool next_plain_segment(plain_outgoing& out, time_point now) noexcept;
    // Behind which there is more: what would be the next ones, under the same header and in the same buffer,
    // is made one with it, `most` segments and `most_bytes` of payload together. Returns how many they are.
    uint32_t prolong(plain_outgoing& full, uint32_t most, uint32_t most_bytes, time_point now) noexcept;
    // False: next_segment() would say no and change nothing.
    bool may_send(time_point now) const noexcept {
        return unusual_.any() || snd_.nxt != out_.end() || flight_.lost_bytes() > 0 || acks_.due(now);
    }
    bool has_events() const noexcept { return events_.any(); }
    // What has happened since the last call.
    events take_events() noexcept { return std::exchange(events_, events()); }

    // Fetches ahead the oldest data that is not acknowledged.
    void prefetch_data() const noexcept { out_.prefetch(); }

    // RFC 7413 §4.2.2, of a passive opening with `fast_open`: the data that came with the SYN.
    void take_syn_data(buffer&& payload) noexcept;
    fast_open_outcome fast_open() const noexcept;
    // SYN or SYN-ACK went out more than once.
    bool repeated_syn() const noexcept { return syn_transmissions_ > 1; }

    // The user's calls. RFC 9293 §3.9.1.
    //
    // Takes as much off the front of `data` as there is room for, without a copy where that pays, and returns
    // how much. 0 when closing, closed or full; after less than all, `writable` will come unless the
    // connection ends.
    size_t send(buffer& data) noexcept {
        const size_t size = data.size();
        if (!is_sure_of_room(size) && size > send_room()) [[unlikely]]
            return send_front(data);
        out_.append(std::move(data), snd_.nxt);
        return size;
    }
    // The same, with a copy.
    size_t send(std::string_view data) noexcept;
    // Before the SYN goes out: all of `data`, or nothing if the largest send buffer does not take it.
    bool send_first(std::string_view data) noexcept {
        if (data.size() > send_limit_) return false;
        out_.append_copy(data);
        return true;
    }
    // Bytes that send() would take.
    size_t send_room() const noexcept {
        const uint32_t limit = send_limit();
        return can_send() && out_.size() < limit ? limit - out_.size() : 0;
    }
    // The next bytes in order; empty if there are none now: if at_end(), for ever.
    buffer receive() noexcept;
    size_t readable_bytes() const noexcept { return in_.bytes(); }
    // The peer has finished, and everything was received.
    bool at_end() const noexcept { return peer_finished_ && in_.empty(); }
    // Half-close: FIN behind everything sent so far. Receiving goes on.
    void shutdown_write() noexcept;
    // Closes both ways; nobody will call receive() any more. Data unread, or arriving later, resets the
    // connection (RFC 2525 §2.17). What was sent is still delivered.
    void close(time_point now) noexcept;
    // Ends it at once, with RST where the peer needs one.
    void abort() noexcept;
    // An ICMP error came that quotes a segment of this connection. False if the segment cannot be one that is
    // in flight: then it is ignored (RFC 5927 §4.1).
    bool on_path_error(const path_error& e) noexcept;
    // The path is known to take segments of `mss` only, without options: learned by whoever else uses it.
    void on_smaller_path(uint16_t mss) noexcept;

    // What a user may choose for this connection alone.
    void set_no_delay(bool on) noexcept { no_delay_ = on; }
    void set_keepalive(const net::keepalive_settings& k, time_point now) noexcept;
    void set_congestion(net::congestion_algorithm a, time_point now) noexcept;
    void set_user_timeout(duration d) noexcept;
    // From 1 byte to 1 GiB: others are taken for the nearest of these. It does not follow the path any more.
    void set_send_limit(uint32_t bytes) noexcept {
        send_limit_ = std::clamp(bytes, uint32_t(1), uint32_t(1) << 30);
        send_limit_fixed_ = true;
    }

    // For who keeps the shard's account of it.
    held_memory held() const noexcept {
        return {.unacknowledged = out_.size(), .unread = in_.memory() + uint32_t(late_.held())};
    }

    // Timeouts since something was acknowledged; none while the peer's window is closed, as then it answers.
    unsigned timeouts_in_a_row() const noexcept {
        const bool is_answered = snd_.una != iss_ && (snd_.wnd == 0 || unusual_.probing);
        return is_answered ? 0 : rto_.backoffs();
    }
    connection_state state() const noexcept { return state_; }
    // No segment of the four-tuple concerns this connection any more.
    bool is_closed() const noexcept {
        return state_ == connection_state::closed || state_ == connection_state::time_wait;
    }
    // Everything sent was acknowledged, the FIN too.
    bool is_finished() const noexcept { return unusual_.fin_queued && snd_.una == fin_seq() + 1; }
    // Why it failed; none while it has not.
    std::error_code error() const noexcept { return error_of(failure_); }
    connection_info info() const noexcept;
    // Once, after `closed` in state TIME-WAIT.
    std::optional<time_wait_seed> take_time_wait() noexcept;

 private:
    // handshake.cc
    void begin_receiving(seq irs, uint8_t scale) noexcept;
    void agree_on_options(const options& offered, time_point now) noexcept;
    void set_segment_size() noexcept;
    drop_reason arrive_in_syn_sent(segment& s, time_point now) noexcept;
    void take_syn(const segment& s, time_point now) noexcept;
    void establish(seq ack, time_point now, const timestamp_option* echo) noexcept;
    void begin_sending(time_point now) noexcept;
    void settle_syn_data(seq ack) noexcept;
    void sample_handshake(time_point now, const timestamp_option* echo) noexcept;
    bool next_syn(outgoing& out, time_point now, const fast_open_cookie* cookie) noexcept;
    void fill_syn(outgoing& out, const fast_open_cookie& cookie) noexcept;

    // ecn.cc
    flags ask_for_ecn() noexcept;
    void agree_on_ecn(const segment& syn) noexcept;
    bool hear_repeated_syn(const segment& syn) noexcept;
    void answer_ecn(outgoing& syn_ack) noexcept;
    void begin_accurate_ecn() noexcept;
    void set_layouts() noexcept;
    void owe_handshake_ack(const segment& syn_ack) noexcept;
    bool next_handshake_ack(outgoing& out, time_point now) noexcept;
    bool hear_handshake(const segment& s) noexcept;
    void note_marks(const segment& s) noexcept;
    void note_change_of_marks(bool marked) noexcept;
    bool next_earlier_ack(outgoing& out, time_point now) noexcept;
    void add_counts(outgoing& out, bool has_data) noexcept;
    void note_counts_told() noexcept;
    bool takes_special(const plain_segment& s) noexcept;
    mark_feedback::marks hear_marks(const segment& s, const flight_before& before) noexcept;
    bool tells_of_marks(const segment& s) const noexcept;
    bool is_late_handshake(const segment& s) const noexcept;
    void obey_mark() noexcept;
    void note_reduction() noexcept;
    void allow_marks(outgoing& out) noexcept;

    // delivery.cc
    void begin_measuring(time_point now) noexcept;
    void tell_delivery(uint32_t acked, uint32_t marked_bytes, time_point now) noexcept;
    void tell_losses() noexcept;
    void note_idle_sender() noexcept;
    pacer::pace pace() const noexcept;

    // path_mtu.cc
    void begin_sizing(bool at_base) noexcept;
    void note_size_search() noexcept;
    void on_new_segment_size() noexcept;
    void resend_in_smaller_segments() noexcept;
    void suspect_segment_size(time_point now) noexcept;
    void hear_of_size_probe(time_point now) noexcept;
    bool lost_size_probe_alone(time_point now) noexcept;
    void forget_resent_probe(seq at) noexcept;
    uint32_t size_to_probe(uint32_t window) const noexcept;
    bool next_size_probe(outgoing& out, uint32_t size, uint32_t window, uint32_t room,
                         time_point now) noexcept;

    // plain.cc
    bool is_expected(const plain_segment& s) noexcept;
    bool take_plain(const plain_segment& s, time_point now) noexcept;
    void take_plain_ack(seq ack, const timestamp_option* echo, time_point now) noexcept;
    uint32_t plain_segments() const noexcept;
    bool may_send_whole(uint32_t size, time_point now) const noexcept;

    // arrival.cc: each check says why to stop, or none.
    void heard(time_point now) noexcept;
    [[gnu::cold]] void note_silence() noexcept { acks_.on_silence(settings_.quick_ack_segments); }
    drop_reason arrive_synchronised(segment& s, time_point now) noexcept;
    bool repeats_syn(const segment& s) const noexcept;
    void strip_repeated_syn(segment& s) noexcept;
    drop_reason check_timestamp(const segment& s, time_point now) noexcept;
    drop_reason check_sequence(segment& s, time_point now) noexcept;
    drop_reason refuse_sequence(const segment& s, time_point now) noexcept;
    void answer_unacceptable(const segment& s, time_point now) noexcept;
    drop_reason check_reset(const segment& s, time_point now) noexcept;
    drop_reason check_syn(const segment& s, time_point now) noexcept;
    drop_reason check_ack(const segment& s, time_point now) noexcept;
    void trim_to_window(segment& s) noexcept;
    void note_duplicate(seq_range old) noexcept;
    drop_reason take_text_and_fin(segment& s) noexcept;
    drop_reason take_text(segment& s) noexcept;
    drop_reason take_text_in_order(segment& s) noexcept;
    drop_reason take_text_out_of_order(segment& s) noexcept;
    void take_fin(seq at) noexcept;
    bool has_memory_for(uint32_t bytes) noexcept;
    void deliver(buffer payload) noexcept;
    void queue(buffer payload) noexcept;
    void on_peer_fin() noexcept;
    void challenge(time_point now) noexcept;
    void owe_stray_reset(seq at) noexcept;

    // acknowledgment.cc
    void take_ack(const segment& s, time_point now) noexcept;
    void on_acknowledged(seq ack, const sack_blocks& blocks, const timestamp_option* echo,
                         time_point now) noexcept;
    in_flight::acked take_out_of_flight(seq ack, time_point now) noexcept;
    void restart_retransmit_timer(time_point now) noexcept;
    duration sample_rtt(const in_flight::acked& acked, const timestamp_option* echo, time_point now) noexcept;
    std::optional<duration> elapsed_since(const timestamp_option* echo, time_point now) const noexcept;
    void tell_recovery(const loss_recovery::ack& a, const sack_blocks& blocks, uint32_t flight,
                       duration sample) noexcept;
    void follow_recovery(loss_recovery::transition t, const loss_recovery::ack& a, uint32_t flight) noexcept;
    time_point echoed_until(const timestamp_option* echo, time_point now) const noexcept;
    void grow_window(uint32_t acked_bytes, duration sample, time_point now) noexcept;
    void on_window_opened(bool was_closed, time_point now) noexcept;
    void withdraw_probe() noexcept;
    void restore_probe(seq ack) noexcept;
    void tell_of_room() noexcept;
    void on_ack_of_fin(time_point now) noexcept;

    // output.cc
    bool may_have_text() const noexcept;
    void validate_cwnd(time_point now) noexcept;
    bool next_reset(outgoing& out, time_point now) noexcept;
    bool next_retransmission(outgoing& out, time_point now) noexcept;
    bool tests_timeout() noexcept;
    void retransmit(outgoing& out, size_t i, time_point now) noexcept;
    bool next_new(outgoing& out, time_point now) noexcept;
    bool is_paced(time_point now) noexcept;
    bool pace_allows(time_point now) noexcept;
    void send_new(outgoing& out, uint32_t size, uint32_t window, time_point now) noexcept;
    void note_new(uint32_t length, uint32_t payload, time_point now) noexcept;
    uint16_t offer_window(time_point now) noexcept;
    [[gnu::cold]] void tune_window(time_point now) noexcept;
    bool next_probe(outgoing& out, time_point now) noexcept;
    bool next_window_probe(outgoing& out, time_point now) noexcept;
    bool next_tail_probe(outgoing& out, time_point now) noexcept;
    bool next_ack(outgoing& out, time_point now) noexcept;
    void fill_header(outgoing& out, time_point now) noexcept;
    void fill_text(outgoing& out, seq at, uint32_t bytes, bool fin) noexcept;
    uint32_t room_for_payload(const outgoing& out) const noexcept;

    // timeouts.cc
    void on_retransmission_timeout(time_point now) noexcept;
    void on_syn_timeout() noexcept;
    void on_data_timeout(time_point now) noexcept;
    bool may_probe_tail() const noexcept;
    time_point tail_probe_at() const noexcept;
    time_point loss_timeout() const noexcept;
    void on_tail_timeout(time_point now) noexcept;
    void on_reorder_timeout(time_point now) noexcept;
    void on_persist_timeout(time_point now) noexcept;
    void arm_persist_timer(time_point now) noexcept;
    duration persist_interval() const noexcept;
    void on_quiet_timeout(time_point now) noexcept;
    void arm_quiet_timer(time_point now) noexcept;
    net::keepalive_settings keepalive_times() const noexcept;
    time_point give_up_at() const noexcept;
    time_point rare_deadline() const noexcept;
    unsigned retry_limit() const noexcept;
    failure reason_to_give_up() const noexcept;
    void note_deadlines() noexcept;

    // calls.cc
    size_t send_front(buffer& data) noexcept;
    void enter_closing_states() noexcept;
    void reset(failure why) noexcept;
    void end(failure why) noexcept;
    void enter_time_wait() noexcept;
    void on_unreachable(failure why) noexcept;
};

}  // namespace millrace::tcp
