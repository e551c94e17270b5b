// One shard's kernel sockets: what they share, and writing at the end of each turn what the turn's tasks
// left.
#pragma once

#include "core/metrics.hh"
#include "core/poller.hh"
#include "core/promise.hh"
#include "core/timer.hh"
#include "net/kernel/byte_arena.hh"
#include "net/kernel_network.hh"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace millrace {
class reactor;
}

namespace millrace::net {

class kernel_connection;
class kernel_socket;

struct kernel_counters {
    uint64_t opened = 0;  // connections, by either side
    uint64_t reads = 0;   // system calls
    uint64_t writes = 0;  // system calls
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    uint64_t accept_pauses = 0;  // for want of descriptors or memory
    uint64_t orphans_reset = 0;  // their peers took nothing any more
};

class kernel_network final : public network, public poller {
 public:
    explicit kernel_network(const kernel_network_options& options);
    ~kernel_network() override;

    listener listen(listen_options options) override;
    future<stream> connect(endpoint remote, connect_options options) override;
    datagram open_datagram(endpoint local) override;
    future<> stop() override;
    void abort_connections() noexcept override;
    std::string description() const override { return "kernel sockets"; }

    bool poll() noexcept override { return false; }
    void flush() noexcept override;

    // ---- for the sockets

    const kernel_network_options& options() const noexcept { return options_; }
    kernel_counters& counters() noexcept { return counters_; }
    byte_arena& received() noexcept { return received_; }
    byte_arena& copied() noexcept { return copied_; }
    // Calls the connection's flush() at the end of this turn.
    void flush_later(kernel_connection& c) { unflushed_.push_back(&c); }
    void forget(kernel_connection& c) noexcept;
    // Goes on with a connection whose stream is gone, until it is done.
    void adopt(std::unique_ptr<kernel_connection> c);
    // Between the two calls a socket has a descriptor, and stop() waits.
    void opened(kernel_socket& s);
    void closed(kernel_socket& s) noexcept;

 private:
    // Looks after the adopted connections.
    class orphan_timer final : public timer {
     public:
        explicit orphan_timer(kernel_network& n) noexcept : network_(n) {}

     private:
        void on_expire() noexcept override { network_.reset_stuck_orphans(); }
        kernel_network& network_;
    };
    struct orphan {
        std::unique_ptr<kernel_connection> connection;
        size_t unsent;  // when it was looked at last
    };

    void tell_if_stopped() noexcept;
    void reset_stuck_orphans() noexcept;

    kernel_network_options options_;
    reactor& reactor_;
    kernel_counters counters_;
    metric_group metrics_;
    byte_arena received_;
    byte_arena copied_;
    std::vector<kernel_socket*> open_;
    std::vector<kernel_connection*> unflushed_;  // null: gone meanwhile
    std::vector<orphan> adopted_;
    bool adopted_ended_ = false;
    orphan_timer orphan_timer_{*this};
    std::optional<promise<>> stopped_;
};

}  // namespace millrace::net
