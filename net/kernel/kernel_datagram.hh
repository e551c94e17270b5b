// kernel_datagram: a UDP socket of the kernel's. Not connected; errors that ICMP reports are asked for all
// the same (IP_RECVERR) and told once.
#pragma once

#include "core/promise.hh"
#include "net/datagram.hh"
#include "net/kernel/kernel_socket.hh"
#include "net/kernel/port_claims.hh"

#include <optional>
#include <system_error>

namespace millrace::net {

class kernel_datagram final : public datagram_backend, private kernel_socket {
 public:
    // `family`: of the socket.
    kernel_datagram(kernel_network& network, socket_handle handle, port_claim claim, int family);
    ~kernel_datagram() override;

    future<received_datagram> receive() override;
    future<> send(endpoint to, buffer data) override;
    void close() noexcept override;
    endpoint local() const noexcept override { return local_; }

 private:
    struct waiting_send {
        endpoint to;
        buffer data;
        promise<> sent;
    };

    void on_ready(readiness r) noexcept override;
    void on_network_gone() noexcept override { close(); }
    bool receive_now(received_datagram& into, std::error_code& error) noexcept;
    // 0, or the errno.
    int send_now(const endpoint& to, const buffer& data) noexcept;
    void empty_error_queue() noexcept;

    endpoint local_;
    port_claim claim_;
    int family_;
    bool readable_ = true;
    std::error_code reported_;  // by ICMP, not told yet
    std::optional<promise<received_datagram>> receiver_;
    std::optional<waiting_send> sender_;
};

}  // namespace millrace::net
