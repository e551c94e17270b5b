// A host of ours and a peer that sends it whatever a test wants.
#pragma once

#include "tcp/segment/ecn_setup.hh"
#include "tests/support/sim_hosts.hh"
#include "tests/support/sim_raw_peer.hh"

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::test {

inline tcp::outgoing bare(tcp::flags f, uint32_t sequence, uint32_t ack = 0, std::string_view text = {}) {
    tcp::outgoing o;
    o.flags = f;
    o.seq = tcp::seq(sequence);
    o.ack = tcp::seq(ack);
    o.wnd = 60000;
    if (!text.empty()) o.payload.push_back(buffer::copy_of(text));
    return o;
}

struct raw_fixture {
    explicit raw_fixture(const tcp::native_settings& settings = {})
        : world(1),
          wire(world.add_wire()),
          peer(wire.a(), net::ipv4_address(10, 0, 0, 1), net::ipv4_address(10, 0, 0, 2)),
          host(world, wire.b(), "10.0.0.2/24", settings) {
        exchange();
    }

    net::listener listen(const net::listen_options& options) {
        return host.run([&](net::network& n) { return n.listen(options); });
    }
    // Lets the host work off what was sent in one burst, and returns what it answered.
    std::vector<raw_peer::received> exchange() {
        std::vector<raw_peer::received> all;
        for (int quiet = 0; quiet < 3; ++quiet) {
            world.run_for(std::chrono::microseconds(10));
            for (auto& r : peer.receive()) {
                quiet = 0;
                all.push_back(std::move(r));
            }
        }
        return all;
    }
    // SYNs from ports `first` on, in one burst, with sequence number 1000; the host's numbers.
    std::vector<uint32_t> begin(uint16_t first, size_t count, uint16_t to) {
        std::vector<uint32_t> iss(count);
        for (size_t i = 0; i < count; ++i) peer.send(bare(tcp::flags::syn, 1000), uint16_t(first + i), to);
        for (const auto& r : exchange()) iss.at(r.to_port - first) = r.segment.seq.value();
        return iss;
    }
    // The ACKs that complete these handshakes, in one burst.
    std::vector<raw_peer::received> complete(uint16_t first, const std::vector<uint32_t>& iss, uint16_t to) {
        for (size_t i = 0; i < iss.size(); ++i)
            peer.send(bare(tcp::flags::ack, 1001, iss[i] + 1), uint16_t(first + i), to);
        return exchange();
    }
    const tcp::stats& counters() const { return host.network->counters(); }
    tcp::native_usage usage() const { return host.network->usage(); }

    net::world world;
    net::wire& wire;
    raw_peer peer;
    sim_host host;
};

}  // namespace millrace::test
