#include "tests/support/tcp/pair.hh"

#include "tcp/receive/receive_window.hh"
#include "tests/support/tcp/short_way.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace millrace::tcp::script {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t isns[2] = {0xfffff000, 0x7ffff000};

std::string datagram_of(const outgoing& o) {
    std::string bytes(o.header_bytes() + o.payload_bytes(), '\0');
    char* at = bytes.data() + emit(o, 1, 2, reinterpret_cast<uint8_t*>(bytes.data()));
    for (const auto& piece : o.payload) at = std::copy_n(piece.data(), piece.size(), at);
    return bytes;
}

std::string stream_of(int end, size_t bytes) {
    std::string s(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) s[i] = char((i * 31 + i / 251 + size_t(end) * 7) & 0xff);
    return s;
}

// What a listener would know of the peer after `syn`.
passive_opening answer_to(const segment& syn, const settings& mine, time_point now) {
    passive_opening p;
    p.irs = syn.seq;
    p.wnd = uint16_t(std::min<uint32_t>(mine.receive_buffer, 65535));
    p.window_scale = receive_window::scale_for(mine.receive_buffer);
    p.peer_mss = syn.options.mss.value_or(536);
    p.peer_wnd = syn.wnd;
    if (mine.window_scaling) p.peer_window_scale = syn.options.window_scale;
    p.timestamps = mine.timestamps && syn.options.timestamps;
    p.sack = mine.sack && syn.options.sack_permitted;
    if (mine.ecn != ecn_mode::off) p.ecn = asked_by(syn.flags);
    p.syn_mark = syn.congestion;
    p.ts_recent = syn.options.timestamps ? syn.options.timestamps->value : 0;
    p.first_sent = now;
    return p;
}

}  // namespace

pair::pair(const pair_options& o) : options_(o), random_(o.seed) {
    for (int i = 0; i < 2; ++i) ends_[size_t(i)].to_send = stream_of(i, o.bytes[i]);
    open(0);
    if (o.simultaneous) open(1);
}

void pair::open(int i) {
    const tcp::settings& s = i == 0 ? options_.ours : options_.theirs;
    ends_[size_t(i)].tcp = std::make_unique<connection>(s, limits_, opening{.iss = seq(isns[i])}, now_);
    pump(i);
}

std::optional<std::string> pair::next_datagram(connection& c, bool& ect) {
    if (!run_.empty()) {
        ect = run_ect_;
        return take_of_run();
    }
    const bool may = c.may_send(now_);
    if (options_.short_ways) {
        if (!may) return std::nullopt;
        for (std::string& each : next_run_plainly(c, 1, 2, now_, 1 + uint32_t(order_ % 9), ect))
            run_.push_back(std::move(each));
        if (!run_.empty()) {
            sent_plainly_ += unsigned(run_.size());
            prolonged_ += unsigned(run_.size()) - 1;
            run_ect_ = ect;
            return take_of_run();
        }
    }
    outgoing o;
    if (!c.next_segment(o, now_)) return std::nullopt;
    BOOST_TEST_REQUIRE(may);
    ect = o.ect;
    return datagram_of(o);
}

std::string pair::take_of_run() {
    std::string first = std::move(run_.front());
    run_.pop_front();
    return first;
}

void pair::transmit(int from, const std::string& bytes, bool ect) {
    trace_ += fmt::format("{} {} {} ", (now_ - began_).count(), from, ect) + bytes + "\n";
    net::ecn mark = ect ? net::ecn::ect0 : net::ecn::not_capable;
    if (ect && options_.sins.mark > 0 && chance(options_.sins.mark)) mark = net::ecn::congestion_experienced;
    const int copies = chance(options_.sins.loss) ? 0 : chance(options_.sins.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        duration delay = options_.sins.delay;
        if (chance(options_.sins.reorder)) delay += delay * int(random_() % 64) / 16;
        pipe_.push_back({now_ + delay, order_++, 1 - from, bytes, mark});
    }
}

// The application and the output of end `i`, until neither has more to do.
void pair::pump(int i) {
    side& s = ends_[size_t(i)];
    connection& c = *s.tcp;
    for (bool busy = true; busy;) {
        busy = false;
        if (s.sent < s.to_send.size()) {
            const size_t chunk = std::min<size_t>(s.to_send.size() - s.sent, 1 + random_() % 5000);
            const size_t n = c.send(std::string_view(s.to_send).substr(s.sent, chunk));
            s.sent += n;
            busy |= n > 0;
        } else if (!s.done) {
            s.done = true;
            c.shutdown_write();
        }
        if (random_() % 4) {  // a reader that lags
            while (buffer b = c.receive()) s.received += b.view();
        }
        bool ect = false;
        while (const auto datagram = next_datagram(c, ect)) {
            transmit(i, *datagram, ect);
            busy = true;
        }
    }
    c.take_events();
    note_state(c);
}

void pair::note_state(const connection& c) {
    const auto i = c.info();
    trace_ += fmt::format(
        "{} una {} nxt {} wnd {} rcv {} {} srtt {} {} rto {} cwnd {} {} readable {} {} in {}",
        to_string(i.state), i.snd_una, i.snd_nxt, i.snd_wnd, i.rcv_nxt, i.rcv_wnd, i.srtt.count(),
        i.rttvar.count(), i.rto.count(), i.cwnd, i.ssthresh, i.readable, i.out_of_order, i.segments_received);
    trace_ += fmt::format(" out {} again {} marks {} {} {} timeout {}\n", i.segments_sent, i.retransmissions,
                          i.marks_received, i.marks_told, i.mark_reductions,
                          c.next_timeout().time_since_epoch().count());
}

// The SYN-ACK, which the connection only repeats, is a listener's.
void pair::open_for(const segment& syn, side& to, int i) {
    const auto p = answer_to(syn, options_.theirs, now_);
    to.tcp = std::make_unique<connection>(options_.theirs, limits_, opening{.iss = seq(isns[1])}, p, now_);
    outgoing o;
    o.seq = seq(isns[1]);
    o.ack = syn.seq + 1;
    o.flags = flags::syn | flags::ack | answering(p.ecn, p.syn_mark);
    o.wnd = p.wnd;
    o.options.mss = 1460;
    if (p.peer_window_scale) o.options.window_scale = p.window_scale;
    if (p.timestamps) o.options.timestamps = timestamp_option{timestamp_clock(now_, 0), p.ts_recent};
    o.options.sack_permitted = p.sack;
    if (p.ecn == ecn_feedback::accurate) o.options.mark_counts = first_mark_counts;
    transmit(i, datagram_of(o));
}

void pair::arrive(const flying& f) {
    segment s;
    BOOST_TEST_REQUIRE((parse(buffer::copy_of(f.bytes), s) == segment_fault::none));
    s.congestion = f.mark;
    side& to = ends_[size_t(f.to)];
    if (!to.tcp) {
        if (s.flags.without(ecn_bits) == flags(flags::syn)) open_for(s, to, f.to);
        return;
    }
    if (options_.short_ways && arrive_plainly(*to.tcp, f.bytes, now_, f.mark))
        ++arrived_plainly_;
    else
        to.tcp->on_segment(std::move(s), now_);
}

// As a host takes a burst.
void pair::arrive(const std::vector<flying>& burst) {
    side& to = ends_[size_t(burst.front().to)];
    const bool is_open = to.tcp != nullptr;
    std::vector<std::pair<std::string_view, net::ecn>> datagrams;
    for (const flying& f : burst) datagrams.emplace_back(f.bytes, f.mark);
    for (size_t i = 0; i < burst.size();) {
        const bool may_merge = is_open && options_.bursts && options_.short_ways;
        const size_t n = may_merge ? arrive_as_run(*to.tcp, std::span(datagrams).subspan(i), now_) : 0;
        if (n == 0)
            arrive(burst[i]);
        else
            merged_ += unsigned(n - 1);
        i += std::max<size_t>(n, 1);
    }
    if (is_open) pump(burst.front().to);
}

// What arrives next: one segment, or all that arrive at that end at that time.
std::vector<pair::flying> pair::take_arriving() {
    const auto earlier = [](const flying& a, const flying& b) {
        return std::pair(a.arrives, a.order) < std::pair(b.arrives, b.order);
    };
    std::vector<flying> burst;
    for (;;) {
        const auto next = std::min_element(pipe_.begin(), pipe_.end(), earlier);
        if (next == pipe_.end()) return burst;
        if (!burst.empty() && (!options_.bursts || next->arrives > now_ || next->to != burst.front().to))
            return burst;
        burst.push_back(std::move(*next));
        pipe_.erase(next);
    }
}

bool pair::step() {
    int timer = -1;
    time_point at = never;
    for (const flying& f : pipe_) at = std::min(at, f.arrives);
    for (int i = 0; i < 2; ++i) {
        const auto& tcp = ends_[size_t(i)].tcp;
        if (tcp && tcp->next_timeout() < at) {
            at = tcp->next_timeout();
            timer = i;
        }
    }
    if (at == never) return false;
    now_ = std::max(now_, at);
    if (timer >= 0) {
        ends_[size_t(timer)].tcp->on_timeout(now_);
        pump(timer);
        return true;
    }
    arrive(take_arriving());
    return true;
}

void pair::run() {
    while (!both_over() && elapsed() < 1h) {
        if (step()) continue;
        // Nothing is on its way: only a reader that lags can go on.
        const size_t before = ends_[0].received.size() + ends_[1].received.size();
        for (int i = 0; i < 2; ++i)
            for (int again = 0; again < 20; ++again) pump(i);
        if (pipe_.empty() && ends_[0].received.size() + ends_[1].received.size() == before) return;
    }
    for (auto& s : ends_)
        while (buffer b = s.tcp->receive()) s.received += b.view();
}

bool pair::both_over() const {
    return ends_[0].tcp && ends_[1].tcp && ends_[0].tcp->is_closed() && ends_[1].tcp->is_closed();
}

bool pair::all_arrived(int i) const {
    return ends_[size_t(i)].received == ends_[size_t(1 - i)].to_send;
}

std::string pair::report() const {
    std::string text = fmt::format("seed {} after {:.3f} s:", options_.seed,
                                   std::chrono::duration<double>(elapsed()).count());
    for (const auto& s : ends_) {
        if (!s.tcp) continue;
        const auto i = s.tcp->info();
        text += fmt::format(
            "\n  {}, sent {} of {}, received {}, in flight {}, unsent {}, snd_wnd {}, cwnd {}, timeouts {}, "
            "retransmissions {}, error {}",
            to_string(i.state), s.sent, s.to_send.size(), s.received.size(), i.in_flight, i.unsent, i.snd_wnd,
            i.cwnd, i.timeouts, i.retransmissions, s.tcp->error().message());
    }
    return text;
}

}  // namespace millrace::tcp::script
