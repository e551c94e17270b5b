#include "net/sim/sim_device.hh"
#include "net/simulation.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace::net {

namespace {

// Locally administered, and the same in every run: wires are numbered by their seed.
mac_address default_mac(uint64_t seed, wire_end e) noexcept {
    return mac_address(
        {0x02, 0x00, 0x00, uint8_t(seed >> 8), uint8_t(seed), uint8_t(e == wire_end::a ? 0x0a : 0x0b)});
}

device_info describe(uint64_t seed, const wire_end_options& o, wire_end e) {
    device_info info;
    info.name =
        !o.name.empty() ? o.name : fmt::format("sim{:x}{}", seed & 0xffff, e == wire_end::a ? 'a' : 'b');
    info.mac = o.mac == mac_address() ? default_mac(seed, e) : o.mac;
    info.mtu = o.mtu;
    info.queues = std::max(1u, o.queues);
    info.spreads_flows = o.spreads_flows;
    info.checks_received = o.checks_received;
    info.cuts_bytes = o.fills_checksums && o.cuts_segments ? 65535 : 0;
    info.piece_bytes = info.mtu;
    info.fills_ip_checksum = info.fills_tcp_checksum = info.fills_udp_checksum = o.fills_checksums;
    return info;
}

}  // namespace

struct wire::state {
    state(clock& c, uint64_t seed, const wire_setup& setup)
        : time(c),
          a(c, seed * 2 + 1, setup.a, describe(seed, setup.a, wire_end::a)),
          b(c, seed * 2 + 2, setup.b, describe(seed, setup.b, wire_end::b)) {
        a.connect(b);
        b.connect(a);
        a.outgoing().set(setup.a_to_b);
        b.outgoing().set(setup.b_to_a);
    }

    sim_device& at(wire_end e) noexcept { return e == wire_end::a ? a : b; }

    clock& time;
    sim_device a;
    sim_device b;
};

wire::wire(clock& c, uint64_t seed, const wire_setup& setup)
    : state_(std::make_unique<state>(c, seed, setup)) {}

wire::~wire() = default;

device& wire::end(wire_end e) noexcept {
    return state_->at(e);
}

void wire::impair(wire_end from, const wire_options& options) noexcept {
    state_->at(from).outgoing().set(options);
}

const wire_options& wire::options(wire_end from) const noexcept {
    return state_->at(from).outgoing().options();
}

void wire::cut() noexcept {
    state_->a.outgoing().cut(true);
    state_->b.outgoing().cut(true);
}

void wire::mend() noexcept {
    state_->a.outgoing().cut(false);
    state_->b.outgoing().cut(false);
}

void wire::capture(wire_end at, pcap_writer* writer) noexcept {
    state_->at(at).capture(writer);
}

void wire::observe(wire_end from, observer o) {
    state_->at(from).observe(std::move(o));
}

const wire_counters& wire::counters(wire_end from) const noexcept {
    return state_->at(from).outgoing().counters();
}

size_t wire::waiting(wire_end from) const noexcept {
    return state_->at(from).outgoing().waiting(state_->time.now());
}

size_t wire::in_flight() const noexcept {
    return state_->a.waiting() + state_->b.waiting();
}

size_t wire::buffers_in_use(wire_end at) const noexcept {
    return state_->at(at).buffers_in_use();
}

time_point wire::next_arrival() const noexcept {
    return std::min(state_->a.next_arrival(), state_->b.next_arrival());
}

}  // namespace millrace::net
