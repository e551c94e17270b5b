// stack: TCP on one shard, where the protocol meets the reactor: a burst of datagrams comes in, connections
// change, their users are told, and at the end of the turn what there is to send goes out.
//
// The rooms of the protocol know no reactor, timer or future (law 3), and a public header may not include
// them (law 2): so what joins the two is a room of its own, above all others.
#pragma once

#include "core/metrics.hh"
#include "core/poller.hh"
#include "core/promise.hh"
#include "core/reactor.hh"
#include "core/timer.hh"
#include "net/interface.hh"
#include "net/network.hh"
#include "tcp/demux/fast_open_cache.hh"
#include "tcp/demux/flow_table.hh"
#include "tcp/demux/source_port.hh"
#include "tcp/demux/time_wait.hh"
#include "tcp/host/listening.hh"
#include "tcp/host/responder.hh"
#include "tcp/host/socket.hh"
#include "tcp/listen/fast_open_cookies.hh"
#include "tcp/listen/half_open_table.hh"
#include "tcp/listen/isn.hh"
#include "tcp/listen/pending_fast_opens.hh"
#include "tcp/listen/syn_cookies.hh"
#include "tcp/native_network.hh"

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

namespace millrace::tcp {

class stack final : public net::l4_handler, public poller {
 public:
    // Attached to the interface. Whoever makes it adds it to the reactor, above the interface; `self` is this
    // shard's number on the device.
    stack(reactor& r, net::interface& out, unsigned self, const native_settings& settings);
    ~stack() override;
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;

    // The user's side; errors are thrown as std::system_error.
    net::listener listen(net::listen_options options);
    future<net::stream> connect(const net::endpoint& remote, const net::connect_options& options);
    // Resolves when no connection is left in the table.
    future<> stop();
    void stop_listening() noexcept;
    void abort_connections() noexcept;
    const stats& counters() const noexcept { return stats_; }
    native_usage usage() const noexcept;
    std::optional<connection_info> info(const four_tuple& flow) const noexcept;

    // The interface's side.
    void on_burst(std::span<net::ip_datagram> burst) noexcept override;
    bool on_icmp_error(const net::icmp_error& error) noexcept override;

    // The reactor's side. What was touched by timers, after the flush, is work for the next turn.
    bool poll() noexcept override { return !dirty_.empty(); }
    void flush() noexcept override;
    bool prepare_sleep() noexcept override { return dirty_.empty(); }

    // For sockets and listeners.
    time_point now() const noexcept { return reactor_.now(); }
    const settings& protocol_settings() const noexcept { return settings_.tcp; }
    shard_limits& limits() noexcept { return limits_; }
    void touch(socket& s) noexcept { dirty_.push(s); }
    // What it sends seems not to arrive.
    void doubt(const net::path& way) noexcept { interface_.doubt(way); }
    // There are so many connections that not all lie in the processor's cache.
    bool crowded() const noexcept { return table_.size() >= crowd; }
    // A connection has been established for the listener `id`. False if that is gone.
    bool hand_over(socket& s, uint32_t id) noexcept;
    void on_accepted() noexcept { ++stats_.accepted; }
    void forget(listening& l) noexcept;
    // RFC 7413: the peer has acknowledged the SYN-ACK of one that was in use already.
    void on_fast_open_confirmed() noexcept { pending_.end(); }
    // Its user is about to be told that connect() has succeeded.
    void on_opened(socket& s) noexcept;
    // Or that it has failed.
    void on_opening_failed(socket& s) noexcept;

 private:
    // Segments that one connection may send in one turn, so that others get their share.
    static constexpr unsigned segments_per_turn = 64;
    static constexpr size_t crowd = 512;

    class shared_timer final : public timer {
     public:
        explicit shared_timer(stack& s) noexcept : stack_(s) {}

     private:
        void on_expire() noexcept override { stack_.on_records_due(); }
        stack& stack_;
    };

    void declare_metrics();

    socket* find(uint32_t hash, const four_tuple& flow) const noexcept {
        return table_.find(hash, [&](const socket* s) { return s->is_of(flow); });
    }
    four_tuple choose_flow(const net::endpoint& remote, const net::endpoint& wanted);
    listening* listener_for(const net::endpoint& local) const noexcept;
    void on_datagram(net::ip_datagram& d) noexcept;
    bool on_plain(net::ip_datagram& d) noexcept;
    template <typename F>
    void on_each(std::span<net::ip_datagram> burst, F&& before) noexcept;
    // These three are in stack_runs.cc.
    unsigned send_run(socket& s, plain_outgoing& first, unsigned most, time_point at) noexcept;
    size_t on_run(std::span<net::ip_datagram> burst) noexcept;
    bool take_run(const plain_run& run, std::span<net::ip_datagram> datagrams) noexcept;
    // A segment of no connection in the table; these are in stack_unmatched.cc.
    void on_unmatched(const four_tuple& flow, uint32_t hash, segment&& s) noexcept;
    void on_half_open(half_open& h, segment&& s) noexcept;
    bool on_time_wait(time_wait_record& r, const four_tuple& flow, uint32_t hash, segment& s) noexcept;
    seq isn_behind(const time_wait_record& old, const four_tuple& flow) const noexcept;
    void leave_time_wait(const four_tuple& flow) noexcept;
    void on_syn(listening& l, const four_tuple& flow, uint32_t hash, segment& s,
                std::optional<seq> behind = std::nullopt) noexcept;
    void remember(half_open& h, bool may_be_cookie) noexcept;
    // Fast open, RFC 7413; these are in stack_fast_open.cc. True: the connection is in use.
    bool take_fast_open(half_open& h, const net::path& way, segment& s) noexcept;
    void open_early(const half_open& h, const net::path& way, segment& s, bool renew) noexcept;
    drop_reason arrive_with_syn(socket& s, segment&& syn) noexcept;
    void block_fast_open(const four_tuple& flow) noexcept;
    void end_fast_open(socket& s) noexcept;
    void grant_cookie(const four_tuple& flow, outgoing& syn_ack) noexcept;
    bool on_cookie(listening& l, const four_tuple& flow, uint32_t hash, segment& s) noexcept;
    void complete(half_open& h, segment&& s) noexcept;
    bool may_accept(const listening& l) noexcept;
    bool turn_away(const four_tuple& flow, const segment& s) noexcept;
    void establish(const half_open& h, const net::path& way, segment&& s) noexcept;
    static passive_opening agreement_of(const half_open& h) noexcept;
    std::optional<net::path> path_to_peer(const four_tuple& flow) noexcept;
    void send_syn_ack(const half_open& h) noexcept;
    void send_cookie(half_open& h) noexcept;
    uint32_t timestamp_of(const four_tuple& flow) const noexcept;
    void on_records_due() noexcept;
    void rearm_records() noexcept;

    // What is held now, for the budget: of connections, and of records.
    void note_connections() noexcept;
    void note_records() noexcept;
    bool has_memory_for_one_more() noexcept;
    bool add(socket& s) noexcept;
    bool send_segments(socket& s) noexcept;
    bool send_any(socket& s, time_point at) noexcept;
    void note_sent(socket& s, bool sent) noexcept;
    void retire(socket& s) noexcept;
    void destroy(socket& s) noexcept;

    reactor& reactor_;
    net::interface& interface_;
    unsigned self_;
    native_settings settings_;
    siphash_key secret_;
    stats stats_;
    std::array<uint64_t, drop_reasons> refused_{};  // by connections
    net::memory_budget& memory_;
    shard_limits limits_;
    responder responder_;
    initial_numbers numbers_;
    source_ports ports_;

    flow_table<socket*> table_;
    dirty_list dirty_;
    size_t room_ = 0;                   // for segments, in this flush
    uint32_t longest_run_ = 0;          // bytes of data that segments have which are sent as one; 0: none are
    std::vector<socket*> sockets_;      // also those retired that users hold
    flow_table<listening*> listeners_;  // by port
    uint32_t next_listener_ = 1;
    half_open_table half_open_;
    syn_cookies cookies_;
    rate_limit cookie_connections_;
    fast_open_cookies fast_open_cookies_;
    pending_fast_opens pending_;
    fast_open_cache servers_;
    time_wait_table time_wait_;
    shared_timer records_timer_{*this};  // of half-open and TIME-WAIT
    std::optional<promise<>> stopped_;
    metric_group metrics_;
};

}  // namespace millrace::tcp
