// Segments of one flow that came one behind the other in a burst are taken as one (generic receive offload),
// and those that go out one behind the other are handed down as one (segmentation offload).
#include "tcp/host/stack.hh"
#include "tcp/host/transmit.hh"
#include "tcp/segment/plain_run.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {
namespace {

// Of the same four-tuple and mark, and in one buffer.
bool is_of_run(const net::ip_datagram& first, const net::ip_datagram& d) noexcept {
    return d.data->fragments.empty() && d.flow_hash == first.flow_hash && d.source == first.source &&
           d.destination == first.destination && d.congestion == first.congestion;
}

plain_segment segment_of(const net::ip_datagram& d) noexcept {
    return plain_segment(d.head().bytes(), d.congestion);
}

}  // namespace

// How many datagrams at the burst's front were dealt with; 0: the first is no run's.
[[gnu::noinline]] size_t stack::on_run(std::span<net::ip_datagram> burst) noexcept {
    const net::ip_datagram& d = burst.front();
    if (!d.data->fragments.empty() || d.congestion == net::ecn::congestion_experienced) return 0;
    const plain_segment first = segment_of(d);
    if (!first.is_plain()) return 0;
    plain_run run(first);
    while (run.segments() < burst.size()) {
        const net::ip_datagram& next = burst[run.segments()];
        if (!is_of_run(d, next) || !run.append(segment_of(next))) break;
    }
    const size_t n = run.segments();
    if (n == 1) return 0;
    burst = burst.first(n);
    if (take_run(run, burst)) {
        stats_.gro_merged += n - 1;
        return n;
    }
    for (net::ip_datagram& each : burst)
        if (!take_run(plain_run(segment_of(each)), {&each, 1})) on_datagram(each);
    note_records();
    return n;
}

// The first payload goes to whoever waits for it, the others are to be read after it. False: these datagrams
// are as they were.
bool stack::take_run(const plain_run& run, std::span<net::ip_datagram> datagrams) noexcept {
    const net::ip_datagram& d = datagrams.front();
    const plain_segment& first = run.first();
    const four_tuple flow{.local = {d.destination, first.destination_port()},
                          .remote = {d.source, first.source_port()}};
    socket* known = find(d.flow_hash, flow);
    if (!known || !known->protocol().on_plain_run(run, now())) return false;
    const size_t header_bytes = first.header_bytes();
    for (net::ip_datagram& each : datagrams) each.head().trim_front(header_bytes);
    known->on_payload(std::move(d.head()));
    for (net::ip_datagram& each : datagrams.subspan(1)) known->protocol().keep(std::move(each.head()));
    known->deliver();
    touch(*known);
    return true;
}

// Sends `first`, behind which there is more, and what goes on behind it under the same header, up to `most`
// segments and to what there is room for; returns how many. What is not sent is as good as lost: see
// note_sent().
[[gnu::noinline]] unsigned stack::send_run(socket& s, plain_outgoing& first, unsigned most,
                                           time_point at) noexcept {
    const auto segment_bytes = uint16_t(first.payload_bytes);
    most = unsigned(std::min<size_t>(most, room_));
    const uint32_t n = s.protocol().prolong(first, most, longest_run_, at);
    const size_t sent =
        transmit_run(interface_, s.way(), first, segment_bytes, s.local_port(), s.remote_port());
    stats_.segments_out += sent;
    for (size_t i = sent; i < n; ++i) note_sent(s, false);
    return n;
}

}  // namespace millrace::tcp
