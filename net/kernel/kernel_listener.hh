// kernel_listener: a listening socket of the kernel's, one per shard and port.
#pragma once

#include "core/promise.hh"
#include "core/timer.hh"
#include "net/kernel/kernel_socket.hh"
#include "net/kernel/port_claims.hh"
#include "net/listener.hh"

#include <optional>

namespace millrace::net {

class kernel_listener final : public listener_backend, private kernel_socket {
 public:
    // A socket that is bound and listens.
    kernel_listener(kernel_network& network, socket_handle handle, port_claim claim,
                    const stream_settings& settings);
    ~kernel_listener() override;

    future<std::optional<stream>> accept() override;
    void close() noexcept override;
    endpoint local() const noexcept override { return local_; }

 private:
    // Ends a pause.
    class wake_up final : public timer {
     public:
        explicit wake_up(kernel_listener& l) noexcept : listener_(l) {}

     private:
        void on_expire() noexcept override { listener_.accept_for_waiter(); }
        kernel_listener& listener_;
    };

    void on_ready(readiness r) noexcept override;
    void on_network_stop() noexcept override { close(); }
    void on_network_gone() noexcept override { close(); }
    bool accept_now(std::optional<stream>& into) noexcept;
    void accept_for_waiter() noexcept;
    void pause() noexcept;

    endpoint local_;
    stream_settings settings_;
    port_claim claim_;
    bool ready_ = true;     // there may be connections
    bool wanting_ = false;  // in want of descriptors or memory, and said so
    wake_up pause_{*this};
    std::optional<promise<std::optional<stream>>> acceptor_;
};

}  // namespace millrace::net
