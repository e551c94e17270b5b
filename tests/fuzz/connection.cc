// One connection, between an application and a peer that both do what the bytes say, in virtual time.
// Whatever comes, it keeps its numbers in order, delivers what was sent, keeps to its limits, sleeps between
// its deadlines and ends (tcp/connection/connection.hh). Asked the short way first or not, it does the same.
#include "tcp/connection/connection.hh"

#include "tcp/receive/receive_window.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/stream_bytes.hh"
#include "tests/fuzz/target.hh"
#include "tests/support/tcp/short_way.hh"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::fuzz {
namespace {

using namespace tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t our_port = 1, peer_port = 2;
constexpr uint8_t ours = 1, theirs = 2;  // streams

class trial {
 public:
    trial(std::span<const uint8_t> bytes, bool short_ways) : in_(bytes), short_ways_(short_ways) {
        choose_settings();
        if (in_.flag())
            open_passively();
        else
            tcp_ = std::make_unique<connection>(settings_, limits_, opening_, now_);
        pull();
    }

    // All that happened, one number a turn: equal for those that behaved alike.
    std::vector<uint64_t> run() {
        while (!in_.empty() && turns_.size() < 2000) {
            for (unsigned n = 1 + in_.below(3); n > 0; --n) act();
            pull();
        }
        fall_silent();
        return std::move(turns_);
    }

 private:
    void choose_settings() {
        settings_.receive_buffer = in_.one_of<uint32_t>({65535, 3000, 300'000});
        settings_.send_buffer = in_.one_of<uint32_t>({65535, 2500, 200'000});
        const uint8_t offers = in_.u8();
        settings_.window_scaling = !(offers & 1);
        settings_.timestamps = !(offers & 2);
        settings_.sack = !(offers & 4);
        settings_.no_delay = !(offers & 8);
        settings_.keepalive = offers & 16;
        if (offers & 32) settings_.rto_min = milliseconds(1);
        if (offers & 64) settings_.congestion = net::congestion_algorithm::reno;
        if (offers & 128) settings_.keepalive_idle = seconds(5);
        const uint8_t limits = in_.u8();
        if (limits & 1) settings_.max_segments_in_flight = 4;
        if (limits & 2) settings_.reassembly_ranges = 2;
        if (limits & 4) settings_.reassembly_chunks = 8;
        if (limits & 8) settings_.data_retries = 3;
        if (limits & 16) settings_.user_timeout = seconds(30);
        if (limits & 32) settings_.ecn = offers & 16 ? ecn_mode::accurate : ecn_mode::on;
        if (limits & 64) settings_.pacing = true;
        if (limits & 128) settings_.congestion = net::congestion_algorithm::dctcp;
        settings_.rack = (limits & 6) != 6;
        if ((limits & 192) == 192) settings_.congestion = net::congestion_algorithm::bbr;
        opening_.iss = seq(in_.one_of<uint32_t>({0xfffff000, 0x7ffff000, 1, 0xffffffff}));
        opening_.timestamp_offset = in_.flag() ? 0xfffffff0 : 0;
        opening_.path_mss = in_.one_of<uint16_t>({1460, 536, 100, 8960});
        next_text_ = opening_.iss + 1;
    }

    void open_passively() {
        irs_ = seq(in_.one_of<uint32_t>({0xffffff00, 5, 0x80000000}));
        passive_opening p;
        p.irs = *irs_;
        p.wnd = uint16_t(std::min<uint32_t>(settings_.receive_buffer, 65535));
        p.window_scale = receive_window::scale_for(settings_.receive_buffer);
        p.peer_mss = std::max<uint16_t>(settings_.min_mss, in_.one_of<uint16_t>({1460, 536, 1, 65535}));
        p.peer_wnd = in_.one_of<uint16_t>({65535, 1000, 0});
        if (settings_.window_scaling && in_.flag()) p.peer_window_scale = uint8_t(in_.below(15));
        p.timestamps = settings_.timestamps && in_.flag();
        p.sack = settings_.sack && in_.flag();
        if (settings_.ecn == ecn_mode::accurate) p.ecn = ecn_feedback::accurate;
        p.ts_recent = peer_clock();
        p.first_sent = now_;
        tcp_ = std::make_unique<connection>(settings_, limits_, opening_, p, now_);
        next_read_ = *irs_ + 1;
        outgoing o;
        o.seq = *irs_ + 1;
        o.ack = opening_.iss + 1;
        o.flags = flags::ack;
        o.wnd = p.peer_wnd;
        if (p.timestamps) o.options.timestamps = timestamp_option{peer_clock(), opening_.timestamp_offset};
        arrive(o, in_.below(4) ? 0 : 100);
    }

    // What the application or the peer does.
    void act() {
        switch (in_.below(16)) {
            default:
                return arrive_anything();
            case 5:
            case 6:
                return arrive_acknowledgment();
            case 7:
            case 8:
                return arrive_in_order();
            case 9:
            case 10:
                return send();
            case 11:
                return receive();
            case 12:
            case 13:
                return pass_time();
            case 14:
                return choose_anew();
            case 15:
                return finish_somehow();
        }
    }

    void send() {
        if (closed_by_user_) return;
        const size_t n = in_.below(3) ? in_.below(256) : in_.u16();
        const std::string text = stream_bytes(ours, next_text_.value(), n);
        const size_t room = tcp_->send_room();
        size_t taken;
        if (in_.flag()) {
            taken = tcp_->send(text);
        } else {
            buffer copy = buffer::copy_of(text);
            taken = tcp_->send(copy);
            require(copy.size() == n - taken, "what was not taken is left");
        }
        require(taken == std::min(n, room), "as much as there was room for");
        next_text_ += uint32_t(taken);
    }

    void receive() {
        if (closed_by_user_) return;
        for (unsigned most = in_.flag() ? 1 : 1000; most > 0; --most) {
            const buffer b = tcp_->receive();
            if (!b) return;
            require(irs_.has_value(), "data of a peer that is not known yet");
            require(is_stream_bytes(theirs, next_read_.value(), b.view()), "what was not sent is delivered");
            next_read_ += uint32_t(b.size());
        }
    }

    void pass_time() {
        pull();  // at the end of a turn at the latest
        const time_point deadline = tcp_->next_timeout();
        if (in_.flag() && deadline != never)
            now_ = std::max(now_, deadline);
        else
            now_ += in_.below(4) ? duration(milliseconds(in_.below(256))) : duration(milliseconds(in_.u16()));
        if (in_.flag() || tcp_->next_timeout() <= now_) tcp_->on_timeout(now_);
        const bool early = tcp_->next_timeout() <= now_;
        pull();
        require(tcp_->next_timeout() > now_, early ? "a deadline is not served" : "a new deadline is over");
    }

    void choose_anew() {
        switch (in_.below(6)) {
            case 0:
                return tcp_->set_no_delay(in_.flag());
            case 1:
                return tcp_->set_keepalive({.on = in_.flag(),
                                            .idle = seconds(in_.below(100)),
                                            .interval = seconds(in_.below(10)),
                                            .probes = unsigned(in_.below(4))},
                                           now_);
            case 2:
                return tcp_->set_congestion(
                    in_.flag() ? net::congestion_algorithm::bbr : net::congestion_algorithm::cubic, now_);
            case 3:
                return tcp_->set_user_timeout(seconds(in_.below(100)));
            case 4:
                return tcp_->set_send_limit(in_.u16());
            case 5: {
                path_error e{path_error::kind(in_.below(6)), seq(near(tcp_->info().snd_una)), in_.u16()};
                (void)tcp_->on_path_error(e);
                return;
            }
        }
    }

    void finish_somehow() {
        switch (in_.below(8)) {
            case 0:
                closed_by_user_ = true;
                return tcp_->abort();
            case 1:
            case 2:
                closed_by_user_ = true;
                return tcp_->close(now_);
            default:
                return tcp_->shutdown_write();
        }
    }

    // ---- the peer

    uint32_t peer_clock() const {
        return uint32_t((now_.time_since_epoch() / milliseconds(1)) + 0xffffff00u);
    }
    // A number at, before or behind this one.
    uint32_t near(uint32_t n) {
        switch (in_.below(6)) {
            case 0:
                return n - in_.below(256);
            case 1:
                return n + in_.below(256);
            case 2:
                return n + in_.u16();
            case 3:
                return in_.below(4) ? n : in_.u32();
            default:
                return n;
        }
    }

    void put_timestamps(outgoing& o, const connection_info& i) {
        if (!i.timestamps && i.state != connection_state::syn_sent) return;
        timestamp_option t{peer_clock(), last_timestamp_};
        switch (in_.below(12)) {
            case 1:
                return;
            case 2:
                t.value -= in_.u16();
                break;
            case 3:
                t.value = in_.u32();
                break;
            case 4:
                t.echo = in_.u32();
                break;
        }
        o.options.timestamps = t;
    }
    void put_sack(outgoing& o, const connection_info& i) {
        for (unsigned n = in_.below(4); n > 0; --n) {
            const uint32_t left = near(i.snd_una + in_.below(std::min(i.in_flight, 65535u) + 1));
            o.options.sack.push_back({seq(left), seq(left + in_.u16() % 5000)});
        }
    }

    void arrive_anything() {
        const connection_info i = tcp_->info();
        constexpr flags::bit bits[] = {flags::ack, flags::fin, flags::syn, flags::rst};
        outgoing o;
        const unsigned kind = in_.below(12);
        o.flags = kind < 6     ? flags(flags::ack)
                  : kind < 10  ? flags(flags::ack) | bits[kind - 6]
                  : kind == 10 ? flags(flags::syn)
                               : flags(in_.u8());
        o.seq = seq(near(in_.below(4) ? i.rcv_nxt : i.rcv_nxt + i.rcv_wnd));
        o.ack = seq(near(in_.flag() ? i.snd_nxt : i.snd_una));
        o.wnd = in_.one_of<uint16_t>({65535, 1000, 0, 1, 20000});
        if (o.flags.has(flags::syn)) {
            if (in_.flag()) o.options.mss = in_.u16();
            if (in_.flag()) o.options.window_scale = in_.u8();
            o.options.sack_permitted = in_.flag();
        } else if (in_.below(4) == 0) {
            put_sack(o, i);
        }
        put_timestamps(o, i);
        arrive(o, in_.one_of<uint32_t>({0, 1, 100, 1460, 3000}));
    }
    void arrive_acknowledgment() {
        const connection_info i = tcp_->info();
        outgoing o;
        o.flags = flags::ack;
        if (i.state == connection_state::syn_sent) {
            o.flags |= flags::syn;
            o.options.window_scale = uint8_t(in_.below(15));
            o.options.sack_permitted = true;
        }
        o.seq = seq(i.rcv_nxt);
        const uint32_t in_flight = i.snd_nxt - i.snd_una;
        o.ack = seq(in_.flag() ? i.snd_nxt : i.snd_una + in_.below(std::min(in_flight, 65535u) + 1));
        o.wnd = in_.one_of<uint16_t>({65535, 20000, 1000, 0});
        if (in_.below(4) == 0) put_sack(o, i);
        put_timestamps(o, i);
        arrive(o, 0);
    }
    void arrive_in_order() {
        const connection_info i = tcp_->info();
        outgoing o;
        o.flags = flags::ack | flags::psh;
        o.seq = seq(i.rcv_nxt);
        o.ack = seq(i.snd_nxt);
        o.wnd = 65535;
        if (i.timestamps) o.options.timestamps = timestamp_option{peer_clock(), last_timestamp_};
        arrive(o, std::min(i.rcv_wnd, in_.one_of<uint32_t>({1, 100, 1460, 5000})));
    }

    // Marked, and telling of marks, in one way or another: RFC 9768.
    net::ecn count_marks(outgoing& o) {
        if (settings_.ecn != ecn_mode::accurate) return net::ecn::not_capable;
        const uint32_t any = o.ack.value() ^ o.seq.value() ^ o.wnd;
        if (!o.flags.has(flags::syn)) o.flags |= flags::of_ace(any >> 3);
        if (any & 1)
            o.options.mark_counts = mark_counts{.fields = uint8_t(any >> 1 & 3),
                                                .ect1_first = (any & 64) != 0,
                                                .ect0 = any & 0xffff,
                                                .ce = any >> 8,
                                                .ect1 = 1};
        return net::ecn(any >> 7 & 3);
    }

    void arrive(outgoing& o, uint32_t bytes) {
        const net::ecn mark = count_marks(o);
        std::string datagram(o.header_bytes(), '\0');
        emit(o, peer_port, our_port, reinterpret_cast<uint8_t*>(datagram.data()));
        datagram += stream_bytes(theirs, o.seq.value() + o.flags.has(flags::syn), bytes);
        const connection_state before = tcp_->state();
        if (!short_ways_ || !script::arrive_plainly(*tcp_, datagram, now_, mark)) {
            segment s;
            require(parse(buffer::copy_of(datagram), s) == segment_fault::none, "the peer's segment");
            s.congestion = mark;
            note(uint64_t(tcp_->on_segment(std::move(s), now_)));
        } else {
            note(0);
        }
        if (before == connection_state::syn_sent && tcp_->state() != before && !tcp_->is_closed()) {
            irs_ = o.seq;
            next_read_ = o.seq + 1;
        }
        check();
    }

    // ---- what it sends

    std::optional<std::string> next_datagram() {
        const bool may = tcp_->may_send(now_);
        if (short_ways_) {
            if (!may) return std::nullopt;
            if (auto plain = script::next_plainly(*tcp_, our_port, peer_port, now_)) return plain;
        }
        outgoing o;
        if (!tcp_->next_segment(o, now_)) return std::nullopt;
        require(may, "more to send than was said");
        std::string bytes(o.header_bytes(), '\0');
        emit(o, our_port, peer_port, reinterpret_cast<uint8_t*>(bytes.data()));
        for (const auto& piece : o.payload) bytes += piece.view();
        return bytes;
    }

    void pull() {
        unsigned n = 0;
        for (connection_info before = tcp_->info(); const auto datagram = next_datagram();
             before = tcp_->info()) {
            require(++n < 5000, "it sends without end");
            segment s;
            require(parse(buffer::copy_of(*datagram), s) == segment_fault::none,
                    "our own segment is refused");
            check_sent(s, datagram->size(), before);
            for (const char c : *datagram) note(uint8_t(c));
        }
        const events e = tcp_->take_events();
        require(!seen_.has(events::closed) || !e.has(events::closed), "closed twice");
        require(!e.has(events::failed) || tcp_->error(), "failed, and no error");
        seen_ |= e;
        require(seen_.has(events::closed) == tcp_->is_closed(), "closed, and not told");
        note(e.has(events::readable) * 2 + e.has(events::peer_finished));
        check();
        if (tcp_->is_closed()) require(tcp_->next_timeout() == never, "closed, and waits for something");
        turns_.push_back(digest_);
    }

    void check_sent(const segment& s, size_t bytes, const connection_info& before) {
        require(bytes - header::size <= opening_.path_mss || s.flags.has(flags::syn),
                "longer than the path takes");
        if (s.options.timestamps) last_timestamp_ = s.options.timestamps->value;
        if (s.flags.has(flags::rst)) return;
        if (s.flags.has(flags::syn)) return require(s.seq == opening_.iss, "the number of our SYN");
        require(is_stream_bytes(ours, s.seq.value(), s.payload.view()), "other bytes than were given to it");
        // Behind our FIN, which has a number of its own, there is nothing but acknowledgments.
        require(s.seq + uint32_t(s.payload.size()) <= next_text_ + (s.payload.empty() ? 1 : 0),
                "bytes that were never given to it");
        if (seq(before.snd_nxt) < s.end() && s.length() > 0)
            require(s.end() <= seq(before.snd_una) + std::max(before.snd_wnd, 1u),
                    "beyond the peer's window");
        const connection_info i = tcp_->info();
        // DCTCP's receiver tells of each change of marks by an ACK of what came before it (RFC 8257 §3.2).
        const bool tells_changes = settings_.congestion == net::congestion_algorithm::dctcp;
        if (tells_changes && s.length() == 0 && s.ack < seq(i.rcv_nxt)) return;
        require(s.ack == seq(i.rcv_nxt), "acknowledges something else than all that came");
        const seq edge = s.ack + (uint32_t(s.wnd) << i.rcv_scale);
        if (edge_) require(edge + ((1u << i.rcv_scale) - 1) >= *edge_, "the window is taken back");
        edge_ = edge_ ? later(*edge_, edge) : edge;
    }

    // ---- what always holds

    void check() {
        const connection_info i = tcp_->info();
        for (const uint64_t n :
             {uint64_t(i.state), uint64_t(i.snd_una), uint64_t(i.snd_nxt), uint64_t(i.rcv_nxt),
              uint64_t(i.cwnd), uint64_t(i.ssthresh), uint64_t(i.rto.count()), uint64_t(i.readable),
              uint64_t(i.in_flight), uint64_t(tcp_->next_timeout().time_since_epoch().count())})
            note(n);
        if (tcp_->is_closed()) {
            if (i.state == connection_state::closed) require(i.in_flight == 0, "in flight, and closed");
            return;
        }
        require(seq(i.snd_una) <= seq(i.snd_nxt), "SND.UNA behind SND.NXT");
        require(i.in_flight == i.snd_nxt - i.snd_una || i.state == connection_state::syn_sent ||
                    i.state == connection_state::syn_received,
                "in flight is what lies between SND.UNA and SND.NXT");
        require(seq(i.snd_nxt) <= next_text_ + 1, "SND.NXT behind all that there is");
        require(i.cwnd > 0 && i.smss > 0, "a window of nothing");
        require(i.readable + i.out_of_order <= settings_.receive_buffer + (1u << i.rcv_scale),
                "more is kept than the receive buffer takes");
        // But for the peer's FIN.
        if (irs_ && !closed_by_user_)
            require(i.rcv_nxt - next_read_.value() - i.readable <= 1, "readable is what lies before RCV.NXT");
        const bool waits = i.in_flight > 0 || i.unsent > 0;
        if (waits && !tcp_->may_send(now_)) require(tcp_->next_timeout() != never, "stuck");
    }

    // The peer says nothing any more: all that waits for it gives up.
    void fall_silent() {
        for (unsigned n = 0; tcp_->next_timeout() != never; ++n) {
            require(n < 1000, "it never gives up");
            now_ = std::max(now_, tcp_->next_timeout());
            tcp_->on_timeout(now_);
            pull();
            require(tcp_->next_timeout() > now_, "a deadline is not served");
        }
        const connection_info i = tcp_->info();
        if (!tcp_->is_closed()) require(i.in_flight == 0 && i.unsent == 0, "it waits without a deadline");
        if (i.state == connection_state::time_wait) require(tcp_->take_time_wait().has_value(), "no record");
        receive();
    }

    void note(uint64_t n) { digest_ = (digest_ ^ n) * 0x100000001b3; }

    input in_;
    bool short_ways_;
    settings settings_;
    net::memory_budget memory_;
    shard_limits limits_{rate_limit(1000), memory_};
    opening opening_;
    std::unique_ptr<connection> tcp_;
    time_point now_{seconds(1)};
    std::optional<seq> irs_;
    seq next_read_;            // of the peer's text
    seq next_text_;            // of ours
    std::optional<seq> edge_;  // the furthest that we let the peer send to
    uint32_t last_timestamp_ = 0;
    bool closed_by_user_ = false;
    events seen_;
    uint64_t digest_ = 0xcbf29ce484222325;
    std::vector<uint64_t> turns_;
};

}  // namespace

void run_connection(std::span<const uint8_t> bytes) {
    const auto generally = trial(bytes, false).run();
    const auto shortly = trial(bytes, true).run();
    for (size_t i = 0; i < std::min(generally.size(), shortly.size()); ++i)
        require(generally[i] == shortly[i], fmt::format("the short ways differ in turn {}", i));
    require(generally.size() == shortly.size(), "the short ways take another number of turns");
}

}  // namespace millrace::fuzz
