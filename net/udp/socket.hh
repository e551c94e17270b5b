// One UDP socket.
#pragma once

#include "core/promise.hh"
#include "net/datagram.hh"
#include "net/ip_datagram.hh"
#include "net/path.hh"
#include "net/udp/header.hh"

#include <array>
#include <deque>
#include <optional>

namespace millrace::net {

class udp_sockets;

class udp_socket final : public datagram_backend {
 public:
    udp_socket(udp_sockets& table, endpoint local) noexcept : table_(&table), local_(local) {}
    ~udp_socket() override { close(); }

    future<received_datagram> receive() override;
    future<> send(endpoint to, buffer data) override;
    void close() noexcept override;
    endpoint local() const noexcept override { return local_; }

 private:
    friend class udp_sockets;

    // The datagram's payload, out of its packet.
    void deliver(const ip_datagram& d, const udp_header& h) noexcept;
    void fail(std::error_code error) noexcept;
    void set_received_bytes(size_t bytes) noexcept;
    // Somebody waits, and has not given up.
    bool is_awaited() const noexcept { return waiting_ && !waiting_->abandoned(); }
    bool has_sent_to(const endpoint& remote) const noexcept;
    std::error_code try_send(const endpoint& to, buffer&& data) noexcept;
    std::error_code find_way(const ip_address& to) noexcept;

    udp_sockets* table_;  // null once closed
    udp_socket* next_ = nullptr;
    endpoint local_;
    std::deque<received_datagram> received_;
    size_t received_bytes_ = 0;
    std::optional<promise<received_datagram>> waiting_;
    std::error_code error_;              // to be told once
    path way_;                           // to the last destination
    std::array<endpoint, 8> sent_to_{};  // the last ones, by whom ICMP errors are judged
    size_t sent_count_ = 0;
};

}  // namespace millrace::net
