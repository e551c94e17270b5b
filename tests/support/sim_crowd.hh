// Clients by the million at the end `b` of an instant link: each a few bytes, so that what a process holds,
// and what its caches hold, is the server's.
#pragma once

#include "net/device.hh"
#include "net/endpoint.hh"
#include "net/simulation.hh"
#include "tcp/segment/segment.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::test {

// They know one server, trust it and the link, and send what is asked for: SYN, requests, FIN. Each answers
// at once what must be answered at once, SYN-ACK and FIN; answers are acknowledged by the next request, as
// those of clients that ask again. They live behind a gateway, `flows_per_address` on each address.
class sim_crowd {
 public:
    static constexpr size_t flows_per_address = 1000;
    static constexpr size_t burst = 32;  // frames that a caller should send before the server gets its turn

    // `size` clients at the end of a link that says it fills in checksums, and of which none is open; the
    // server listens at the other end, as `server`.
    sim_crowd(net::link_pair& link, net::endpoint server, size_t size, size_t message);

    // Of client `i`, each once, in this order; the frames go out with the next flush().
    void open(size_t i);
    void ask(size_t i);
    // An ACK of what has come, and nothing else.
    void acknowledge(size_t i);
    void close(size_t i);
    // The connection ends at once, and nobody answers.
    void reset(size_t i);
    void flush();
    // Takes what has come, and sends what that asks for.
    void receive();

    size_t size() const noexcept { return clients_.size(); }
    uint64_t opened() const noexcept { return opened_; }  // SYN-ACKs that have come
    uint64_t answered_bytes() const noexcept { return answered_bytes_; }
    uint64_t finished() const noexcept { return finished_; }  // FINs that have come
    uint64_t resets() const noexcept { return resets_; }
    uint64_t segments_in() const noexcept { return segments_in_; }

 private:
    struct client {
        uint32_t next = 0;      // SND.NXT
        uint32_t expected = 0;  // RCV.NXT
        uint32_t recent = 0;    // TS.Recent
        bool closed = false;    // it has sent FIN
    };

    net::ipv4_address address_of(size_t i) const noexcept;
    static uint16_t port_of(size_t i) noexcept;
    void send(size_t i, tcp::flags f, size_t bytes = 0);
    void on_frame(const net::packet& p);
    void on_arp(const net::packet& p);
    void on_segment(size_t i, tcp::segment&& s);
    net::packet& add(size_t tcp_bytes, net::ipv4_address from);

    net::device_queue& queue_;
    net::mac_address mac_;
    net::mac_address server_mac_;
    net::endpoint server_;
    std::string message_;
    std::vector<client> clients_;
    std::array<net::packet, 2 * burst> out_;
    size_t waiting_ = 0;  // in out_
    uint64_t opened_ = 0, answered_bytes_ = 0, finished_ = 0, resets_ = 0, segments_in_ = 0;
};

}  // namespace millrace::test
