// What a connection consists of: its parts, its marks and deadlines, and what can be seen from them at a
// glance.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/congestion_control.hh"
#include "tcp/connection/ecn_state.hh"
#include "tcp/connection/events.hh"
#include "tcp/connection/failure.hh"
#include "tcp/connection/opening.hh"
#include "tcp/connection/rarities.hh"
#include "tcp/connection/receive_queue.hh"
#include "tcp/connection/shard_limits.hh"
#include "tcp/connection/unusual_output.hh"
#include "tcp/receive/ack_policy.hh"
#include "tcp/receive/reassembly.hh"
#include "tcp/receive/receive_tuner.hh"
#include "tcp/receive/receive_window.hh"
#include "tcp/receive/timestamps.hh"
#include "tcp/recovery/loss_recovery.hh"
#include "tcp/recovery/rto.hh"
#include "tcp/recovery/rtt.hh"
#include "tcp/send/in_flight.hh"
#include "tcp/send/send_buffer.hh"
#include "tcp/send/send_window.hh"
#include "tcp/settings.hh"
#include "tcp/state.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace::tcp {

struct connection_parts {
    // Of an active open; in handshake.cc.
    connection_parts(const settings& s, shard_limits& limits, const opening& o, time_point now) noexcept;

    rarities& rare() noexcept {
        if (!rare_) rare_ = std::make_unique<rarities>();
        return *rare_;
    }
    bool is_accurate() const noexcept { return rare_ && rare_->accurate; }
    // If it is.
    accurate_ecn& accurate() const noexcept { return *rare_->accurate; }
    bool paced() const noexcept { return rare_ && rare_->pacer; }
    // The pacer has a deadline, which may have become needless.
    bool waits_for_pace() const noexcept {
        return more_deadlines_ && paced() && rare_->pacer->deadline() != never;
    }
    bool sized() const noexcept { return rare_ && rare_->sizing; }
    rto_limits timeout_limits() const noexcept {
        return {.initial = settings_.rto_initial, .min = settings_.rto_min, .max = settings_.rto_max};
    }
    // FIN waits for the handshake.
    bool may_finish() const noexcept {
        return unusual_.fin_queued && state_ != connection_state::syn_received;
    }
    seq fin_seq() const noexcept { return out_.end(); }
    uint32_t unsent() const noexcept { return distance(earlier(snd_.nxt, out_.end()), out_.end()); }
    // Something waits for the peer's window to open: the timer runs with nothing in flight.
    bool waits_for_window() const noexcept { return flight_.empty() && retransmit_at_ != never; }
    bool ends_with_fin(const sent_segment& s) const noexcept {
        return unusual_.fin_queued && s.end() == fin_seq() + 1;
    }
    uint32_t payload_of(const sent_segment& s) const noexcept { return s.length - ends_with_fin(s); }
    // In bytes, of what is sent and not acknowledged, and of what is received and not read. Where the shard
    // is short of memory nobody has more than what is assured.
    // Else twice the congestion window is enough to keep the path busy.
    uint32_t send_limit() const noexcept {
        if (!limits_.memory.admits(net::memory_use::unacknowledged)) [[unlikely]]
            return std::min(send_limit_, settings_.assured_buffer);
        if (send_limit_fixed_) return send_limit_;
        return std::min(send_limit_, std::max(settings_.first_buffer, 2 * congestion_.cwnd()));
    }
    uint32_t receive_limit() const noexcept {
        if (limits_.memory.is_tight()) [[unlikely]]
            return std::min(tuner_.size(), settings_.assured_buffer);
        return tuner_.size();
    }
    bool can_send() const noexcept {
        return !unusual_.fin_queued &&
               (state_ == connection_state::established || state_ == connection_state::close_wait ||
                state_ == connection_state::syn_sent || state_ == connection_state::syn_received);
    }
    // Whatever the windows are and others hold.
    bool is_sure_of_room(size_t bytes) const noexcept {
        return out_.size() + bytes <= std::min(send_limit_, settings_.assured_buffer) && can_send();
    }
    // Bytes behind RCV.NXT that the receive buffer takes, whatever memory they hold.
    uint32_t unread_room() const noexcept {
        return settings_.receive_buffer - uint32_t(std::min<size_t>(in_.bytes(), settings_.receive_buffer));
    }
    // Bytes of the receive buffer that are free, of `limit`: what waits counts with the memory that it holds.
    uint32_t receive_room(uint32_t limit) const noexcept {
        const size_t used = in_.memory() + late_.bytes();
        return limit - uint32_t(std::min<size_t>(used, limit));
    }

    // First what plain segments touch.
    const settings& settings_;
    shard_limits& limits_;

    send_window snd_;
    receive_window rcv_;
    timestamps timestamps_;
    send_buffer out_;
    in_flight flight_;
    loss_recovery recovery_;
    rtt rtt_;
    rto rto_;
    congestion_control congestion_;
    receive_queue in_;
    receive_tuner tuner_;
    seq acked_to_;  // Last.ACK.sent of RFC 7323 §4.3
    reassembly late_;
    ack_policy acks_;

    // Deadlines; `never` while nothing is waited for.
    time_point retransmit_at_ =
        never;                     // of the SYN, of what is in flight, or of a probe of the closed window
    time_point quiet_at_ = never;  // keepalive; in FIN-WAIT-2 with nobody here: the end
    // When it last happened.
    time_point sent_at_;      // data or SYN went out
    time_point heard_at_;     // an acceptable segment came
    time_point progress_at_;  // SND.UNA moved, or something was sent with nothing in flight

    uint64_t bytes_sent_ = 0;
    uint64_t bytes_received_ = 0;
    uint32_t segments_sent_ = 0;
    uint32_t segments_received_ = 0;

    uint32_t send_limit_;  // bytes of the send buffer
    uint32_t smss_ = 536;  // the largest payload of a segment with the options that every segment has
    uint16_t path_mss_;    // of our path, without options (RFC 6691)
    uint16_t withdrawn_bytes_ = 0;  // of a probe taken back that may have arrived all the same

    connection_state state_;
    failure failure_ : 4 {};     // why it ended
    failure soft_error_ : 4 {};  // why it may be ending: told by ICMP, not to be trusted (RFC 5461)
    events events_;
    uint8_t probes_unanswered_ = 0;  // of the closed window or of a silent peer

    unusual_output unusual_;
    uint16_t layout_in_;   // plain_layout() of the plain segments that are expected, and
    uint16_t layout_out_;  // of those that go out
    // What is_expected() asks for, too.
    bool orphaned_ : 1 = false;  // the user has gone
    bool peer_fin_known_ : 1 = false;
    bool peer_finished_ : 1 = false;  // RCV.NXT is behind the peer's FIN
    bool wants_room_ : 1 = false;     // send() took less than it was given
    bool no_delay_ : 1;
    bool keepalive_ : 1;
    bool active_ : 1;
    bool sack_ : 1 = false;            // agreed on
    bool window_scaling_ : 1 = false;  // agreed on
    bool time_wait_taken_ : 1 = false;
    bool fast_open_ : 1 = false;         // our SYN brought data; passive: the peer's did (RFC 7413)
    bool syn_data_taken_ : 1 = false;    // and the peer took it
    bool send_limit_fixed_ : 1 = false;  // by the user
    bool hears_mark_ : 1 = false;        // in the ACK that is looked at
    bool more_deadlines_ : 1 = false;    // than most connections have: see rare_deadline()

    // The others: what has its place in a connection's beginning and end, and in what goes wrong.
    uint8_t syn_transmissions_ = 0;
    uint16_t peer_mss_;  // what the peer can take, without options (RFC 6691)
    seq iss_;
    seq irs_;
    seq peer_fin_;  // where it lies, if peer_fin_known_
    ecn_state ecn_;
    std::unique_ptr<rarities> rare_;
};

}  // namespace millrace::tcp
