// listening: an open port, and the established connections that its user has not accepted yet.
#pragma once

#include "core/promise.hh"
#include "net/listener.hh"

#include <cstdint>
#include <deque>
#include <optional>

namespace millrace::tcp {

class stack;

// Owned by the user's listener; the stack knows it until it is closed or the stack goes.
class listening final : public net::listener_backend {
 public:
    listening(stack& owner, uint32_t id, const net::listen_options& options);
    ~listening() override;

    future<std::optional<net::stream>> accept() override;
    void close() noexcept override;
    net::endpoint local() const noexcept override { return local_; }

    // The stack's side.
    uint32_t id() const noexcept { return id_; }
    bool has_room() const noexcept { return ready_.size() < backlog_; }
    const net::stream_settings& settings() const noexcept { return settings_; }
    bool fast_open() const noexcept { return fast_open_; }
    void push(net::stream s);
    void on_stack_gone() noexcept;

 private:
    stack* stack_;  // null when closed
    uint32_t id_;
    net::endpoint local_;
    size_t backlog_;
    net::stream_settings settings_;
    bool fast_open_;
    std::deque<net::stream> ready_;
    std::optional<promise<std::optional<net::stream>>> waiter_;
};

}  // namespace millrace::tcp
