#include "tests/packet_script/runner.hh"

#include "net/simulation.hh"
#include "tests/packet_script/expression.hh"
#include "tests/packet_script/flow.hh"
#include "tests/packet_script/script_settings.hh"
#include "tests/packet_script/sockets.hh"
#include "tests/support/sim_hosts.hh"
#include "tests/support/sim_raw_peer.hh"

#include <fmt/format.h>

#include <deque>

namespace millrace::packet_script {
namespace {

using std::chrono::microseconds;

constexpr net::ipv4_address peer_address(10, 0, 0, 2);
constexpr uint16_t peer_port = 8080;
constexpr duration longest_wait = std::chrono::hours(2);

double seconds(duration d) {
    return std::chrono::duration<double>(d).count();
}

// Ends a script that did not go as it says.
struct mismatch {
    unsigned line;
    std::string reason;
};

class player {
 public:
    player(const script& s, report& r)
        : settings_(read_settings(s)),
          report_(r),
          world_(1),
          wire_(world_.add_wire(settings_.wire)),
          host_(world_, wire_.a(), "10.0.0.1/24", settings_.stack, settings_.interface),
          peer_(wire_.b(), peer_address, host_.address.v4()),
          sockets_(host_, {net::ip_address(peer_address), peer_port}),
          start_(world_.now()) {
        settle();
        last_ = start_ = world_.now();
    }

    void end() { finish_call(); }

    void play(const event& e) {
        line_ = e.line;
        if (const auto* p = std::get_if<packet_event>(&e.what)) {
            if (p->way == direction::in)
                send(p->packet, time_of(e.when));
            else
                expect(std::get<tcp_packet>(p->packet), e.when);
        } else if (const auto* c = std::get_if<call_event>(&e.what)) {
            call(*c, e.when);
        } else {
            run_to(time_of(e.when));
            check(std::get<code_event>(e.what).text);
        }
    }

 private:
    struct sent {
        time_point at;
        test::raw_peer::received what;
    };

    time_point time_of(const moment& m) {
        const time_point base = m.from == moment::base::start ? start_ : last_;
        return m.from == moment::base::any ? world_.now() : last_ = base + m.at;
    }

    void collect() {
        for (auto& r : peer_.receive()) sent_.push_back({world_.now(), std::move(r)});
        look_after_call();
    }
    // Whatever can happen now, happens.
    void settle() {
        while (world_.step(world_.now()) == net::world::progress::worked) collect();
        collect();
    }
    // Events go on while a call waits: it is looked after whenever something has happened.
    void look_after_call() {
        if (!waiting_ || waiting_->done) return;
        waiting_->done = sockets_.go_on(*waiting_->call, waiting_->line);
        if (!waiting_->done) return;
        waiting_->at = world_.now();
        settle();
    }
    void run_to(time_point t) {
        settle();
        if (waiting_ && waiting_->until + settings_.tolerance < t) finish_call();
        while (world_.now() < t) {
            if (world_.step(t) == net::world::progress::idle) world_.clock().advance(t - world_.now());
            collect();
        }
        settle();
    }

    void note(char way, const tcp_packet& p) {
        report_.packets.push_back(
            fmt::format("{:.6f} {} {}", seconds(world_.now() - start_), way, to_string(p)));
    }

    void send(const std::variant<tcp_packet, icmp_packet>& packet, time_point at) {
        run_to(at);
        if (const auto* icmp = std::get_if<icmp_packet>(&packet)) return send_icmp(*icmp);
        const auto& p = std::get<tcp_packet>(packet);
        if (flow_.local_port == 0) flow_.local_port = settings_.local_port;
        if (flow_.peer_port == 0) flow_.peer_port = settings_.peer_port;
        note('<', p);
        std::string bytes = test::raw_peer::bytes_of(flow_.to_wire(p), flow_.peer_port, flow_.local_port);
        peer_.send_segment(std::move(bytes), peer_address, p.ecn.value_or(0));
        settle();
    }

    void send_icmp(const icmp_packet& p) {
        tcp::outgoing quoted;
        quoted.seq = flow_.ours(p.first);
        quoted.flags = tcp::flags::ack;
        const std::string tcp =
            test::raw_peer::bytes_of(std::move(quoted), flow_.local_port, flow_.peer_port);
        peer_.send_icmp_error(p.type, p.code, p.mtu, tcp.substr(0, 8), peer_address);
        settle();
    }

    // The next packet of ours, in the script's numbers.
    tcp_packet take(const tcp_packet& expected) {
        const sent s = std::move(sent_.front());
        sent_.pop_front();
        const bool opens =
            s.what.segment.flags.has(tcp::flags::syn) && !s.what.segment.flags.has(tcp::flags::ack);
        if (opens || flow_.local_port == 0) {
            flow_.local_port = s.what.from_port;
            flow_.peer_port = s.what.to_port;
        }
        tcp_packet p = flow_.to_script(s.what.segment, s.what.ecn, &expected);
        report_.packets.push_back(fmt::format("{:.6f} > {}", seconds(s.at - start_), to_string(p)));
        sent_at_ = s.at;
        return p;
    }

    bool wait_for_packet(time_point until) {
        settle();
        while (sent_.empty() && world_.now() < until) {
            if (world_.step(until) == net::world::progress::idle) return false;
            collect();
        }
        return !sent_.empty();
    }

    void expect(const tcp_packet& expected, const moment& when) {
        const bool any_time = when.from == moment::base::any;
        const time_point from = time_of(when);
        const time_point base = when.from == moment::base::start ? start_ : from - when.at;
        const time_point until = when.until ? base + *when.until : from;
        const duration slack = settings_.tolerance;
        if (!wait_for_packet(any_time ? world_.now() + longest_wait : until + slack))
            throw mismatch{line_, fmt::format("expected {}, but nothing was sent", to_string(expected))};
        tcp_packet p = take(expected);
        const time_point first_at = sent_at_;
        // What Linux shows as one long packet before it is cut up, we send in several.
        while (p.payload < expected.payload && p.first == expected.first && wait_for_packet(until + slack) &&
               sent_.front().what.segment.seq == flow_.ours(p.last) &&
               !sent_.front().what.segment.payload.empty()) {
            tcp_packet more = take(expected);
            more.first = p.first;
            more.payload += p.payload;
            // Where it is pushed depends on where it was cut.
            more.flags = more.flags.without(tcp::flags::psh);
            if (expected.flags.has(tcp::flags::psh)) more.flags |= tcp::flags::psh;
            p = more;
        }
        if (const auto why = difference(expected, p, settings_.ticks))
            throw mismatch{line_, fmt::format("{}\n  expected {}\n  sent     {}", *why, to_string(expected),
                                              to_string(p))};
        if (!any_time && (first_at + slack < from || until + slack < first_at))
            throw mismatch{line_, fmt::format("{} was sent at {:.6f} s instead of {:.6f} s", to_string(p),
                                              seconds(first_at - start_), seconds(from - start_))};
        if (any_time || when.until) last_ = first_at;
    }

    void call(const call_event& c, const moment& when) {
        const time_point base = when.from == moment::base::start ? start_ : last_;
        const time_point from = time_of(when);
        run_to(from);
        finish_call();
        waiting_ = waiting{&c, line_, when.until ? base + *when.until : from, {}, {}};
        look_after_call();
        settle();
        if (waiting_->done || !when.until) finish_call();
    }

    // The call that waits must have returned by its time, and with what the script says.
    void finish_call() {
        if (!waiting_) return;
        while (!waiting_->done && world_.now() < waiting_->until + settings_.tolerance) {
            if (world_.step(waiting_->until + settings_.tolerance) == net::world::progress::idle) break;
            collect();
        }
        const waiting w = *std::exchange(waiting_, std::nullopt);
        const call_event& c = *w.call;
        if (!w.done) throw mismatch{w.line, c.name + "() has not returned"};
        const bool right =
            !c.result || (*c.result == w.done->result && (c.error.empty() || c.error == w.done->error));
        if (!right)
            throw mismatch{w.line, fmt::format("{}() returned {} {} instead of {} {}", c.name, w.done->result,
                                               w.done->error, *c.result, c.error)};
        if (w.at + settings_.tolerance < w.until || w.until + settings_.tolerance < w.at)
            throw mismatch{w.line, fmt::format("{}() returned at {:.6f} s instead of {:.6f} s", c.name,
                                               seconds(w.at - start_), seconds(w.until - start_))};
    }

    void check(const std::string& code) {
        const net::endpoint local{host_.address, flow_.local_port};
        const net::endpoint remote{net::ip_address(peer_address), flow_.peer_port};
        const auto info = host_.network->connection(local, remote);
        const auto failure = first_failure(code, line_, [&](std::string_view name) {
            return tcp_info_value(info.value_or(tcp::connection_info{}), name);
        });
        if (failure) throw mismatch{line_, "does not hold: " + *failure};
    }

    // A call that has not returned, or whose answer was not looked at.
    struct waiting {
        const call_event* call;
        unsigned line;
        time_point until;
        std::optional<outcome> done;
        time_point at;
    };

    script_settings settings_;
    report& report_;
    net::world world_;
    net::wire& wire_;
    test::sim_host host_;
    test::raw_peer peer_;
    sockets sockets_;
    flow flow_;
    std::optional<waiting> waiting_;
    std::deque<sent> sent_;
    time_point sent_at_{};
    time_point start_;
    time_point last_;  // of the last event, by the script
    unsigned line_ = 0;
};

}  // namespace

report run(std::string_view text, const std::vector<std::pair<std::string, std::string>>& flags) {
    report r;
    try {
        script s = read_script(text);
        s.flags.insert(s.flags.end(), flags.begin(), flags.end());
        r.notices = s.notices;
        player p(s, r);
        for (const event& e : s.events) p.play(e);
        p.end();
    } catch (const script_error& e) {
        r.result = e.what_kind() == script_error::kind::unsupported ? verdict::unsupported : verdict::failed;
        r.line = e.line();
        r.reason = e.what();
    } catch (const mismatch& m) {
        r.result = verdict::failed;
        r.line = m.line;
        r.reason = m.reason;
    }
    return r;
}

}  // namespace millrace::packet_script
