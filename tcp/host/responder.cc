#include "tcp/host/responder.hh"

#include "tcp/host/transmit.hh"

#include <utility>

namespace millrace::tcp {

void responder::send(const four_tuple& flow, outgoing&& o) noexcept {
    auto way = out_.make_path(flow.local.address, flow.remote.address, net::ip_protocol::tcp);
    if (way && transmit(out_, *way, std::move(o), flow.local.port, flow.remote.port))
        ++counters_.segments_out;
    else
        ++counters_.not_sent;
}

void responder::reset(const four_tuple& flow, const segment& s, time_point now) noexcept {
    if (s.flags.has(flags::rst)) return;
    if (!resets_.take(now)) {
        ++counters_.reset_limited;
        return;
    }
    outgoing o;
    if (s.flags.has(flags::ack)) {
        o.seq = s.ack;
        o.flags = flags::rst;
    } else {
        o.ack = s.end();
        o.flags = flags::rst | flags::ack;
    }
    ++counters_.resets_out;
    send(flow, std::move(o));
}

void responder::challenge(const four_tuple& flow, outgoing&& ack, time_point now) noexcept {
    if (challenges_.take(now)) send(flow, std::move(ack));
}

}  // namespace millrace::tcp
