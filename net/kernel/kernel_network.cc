#include "net/kernel/kernel_network.hh"

#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "net/error.hh"
#include "net/kernel/kernel_connection.hh"
#include "net/kernel/kernel_datagram.hh"
#include "net/kernel/kernel_listener.hh"
#include "net/kernel/kernel_stream.hh"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace millrace::net {

namespace {

// `taken`: how much of `data` the kernel takes to go with the SYN, or keeps to send it behind the handshake;
// none with a server whose cookie it has not (RFC 7413; net.ipv4.tcp_fastopen). 0 if it is under way.
int begin_connecting(const socket_handle& s, const socket_address& to, std::string_view data,
                     size_t& taken) noexcept {
    if (!data.empty()) {
        const ssize_t n =
            ::sendto(s.get(), data.data(), data.size(), MSG_FASTOPEN | MSG_NOSIGNAL, to.get(), to.length());
        if (n >= 0) taken = size_t(n);
        if (n >= 0 || errno == EINPROGRESS) return 0;
        if (errno != EOPNOTSUPP) return errno;
    }
    return ::connect(s.get(), to.get(), to.length()) == 0 || errno == EINPROGRESS ? 0 : errno;
}

}  // namespace

kernel_network::kernel_network(const kernel_network_options& options)
    : options_(options),
      reactor_(reactor::current()),
      metrics_(reactor_.metrics(), "kernel"),
      received_(options.spare_chunks),
      copied_(options.spare_chunks) {
    metrics_.counter("connections", "connections opened, by either side", counters_.opened)
        .counter("reads", "system calls to receive", counters_.reads)
        .counter("writes", "system calls to send", counters_.writes)
        .counter("bytes_in", "bytes received", counters_.bytes_in)
        .counter("bytes_out", "bytes sent", counters_.bytes_out)
        .counter("accept_pauses", "waits for want of descriptors or memory to accept with",
                 counters_.accept_pauses)
        .counter("orphans_reset", "connections reset because nobody took what was left of them",
                 counters_.orphans_reset)
        .gauge("sockets", "sockets open", [this] { return double(open_.size()); });
    reactor_.add(*this, work_kind::device_out);
}

kernel_network::~kernel_network() {
    while (!open_.empty()) open_.back()->on_network_gone();
    adopted_.clear();
    reactor_.remove(*this);
}

listener kernel_network::listen(listen_options options) {
    int family = AF_INET;
    socket_handle s = socket_handle::open_for(options.address, SOCK_STREAM, family);
    s.set(SOL_SOCKET, SO_REUSEADDR, 1);  // TIME_WAIT connections do not hold the port
    s.set(IPPROTO_TCP, TCP_NODELAY, options.settings.no_delay);
    if (options.settings.congestion) s.set(*options.settings.congestion);
    if (options.settings.keepalive) s.set(*options.settings.keepalive);
    if (options.settings.user_timeout) s.set_user_timeout(*options.settings.user_timeout);
    // Beyond what net.ipv4.tcp_fastopen allows the kernel goes on as without.
    if (options.fast_open) s.set(IPPROTO_TCP, TCP_FASTOPEN, int(std::min<unsigned>(options.backlog, 256)));
    port_claim claim(s, port_claim::protocol::tcp, {options.address, options.port}, family);
    if (::listen(s.get(), int(std::min<unsigned>(options.backlog, 65535))) < 0)
        throw std::system_error(error_of(errno), to_string(endpoint{options.address, options.port}));
    return listener(
        std::make_unique<kernel_listener>(*this, std::move(s), std::move(claim), options.settings));
}

future<stream> kernel_network::connect(endpoint remote, connect_options options) {
    const int family = remote.address.is_v4() ? AF_INET : AF_INET6;
    socket_handle s = socket_handle::open(family, SOCK_STREAM);
    if (options.local) s.bind(*options.local, family);
    const socket_address to(remote, family);
    size_t taken = 0;
    if (const int error = begin_connecting(s, to, options.first_data, taken))
        throw std::system_error(error_of(error), to_string(remote));
    // What did not go with the SYN; a copy, as this waits.
    buffer rest = buffer::copy_of(options.first_data.substr(taken));
    auto c = std::make_unique<kernel_connection>(*this, std::move(s), remote,
                                                 kernel_connection::origin::connecting, options.settings);
    co_await c->established();
    // The network may have gone in the meantime, and has reset all connections then.
    if (!c->is_open()) throw std::system_error(make_error_code(errc::connection_aborted));
    ++counters_.opened;
    if (rest) co_await c->write(std::move(rest));
    co_return stream(std::make_unique<kernel_stream>(*this, std::move(c)));
}

datagram kernel_network::open_datagram(endpoint local) {
    int family = AF_INET;
    socket_handle s = socket_handle::open_for(local.address, SOCK_DGRAM, family);
    port_claim claim(s, port_claim::protocol::udp, local, family);
    return datagram(std::make_unique<kernel_datagram>(*this, std::move(s), std::move(claim), family));
}

future<> kernel_network::stop() {
    CHECK(!stopped_);
    const std::vector<kernel_socket*> sockets = open_;
    for (kernel_socket* s : sockets) s->on_network_stop();
    auto stopped = stopped_.emplace().get_future();
    tell_if_stopped();
    return stopped;
}

void kernel_network::abort_connections() noexcept {
    // What closes leaves its place to the last one, which was asked before.
    for (size_t i = open_.size(); i-- > 0;) open_[i]->on_network_abort();
}

void kernel_network::tell_if_stopped() noexcept {
    if (!open_.empty() || !stopped_) return;
    promise<> p = std::move(*stopped_);
    stopped_.reset();
    p.set_value();
}

void kernel_network::flush() noexcept {
    for (size_t i = 0; i < unflushed_.size(); ++i)
        if (kernel_connection* c = std::exchange(unflushed_[i], nullptr)) c->flush();
    unflushed_.clear();
    if (std::exchange(adopted_ended_, false))
        std::erase_if(adopted_, [](const orphan& o) { return o.connection->done(); });
}

void kernel_network::forget(kernel_connection& c) noexcept {
    std::replace(unflushed_.begin(), unflushed_.end(), &c, static_cast<kernel_connection*>(nullptr));
}

void kernel_network::adopt(std::unique_ptr<kernel_connection> c) {
    const size_t unsent = c->unsent_bytes();
    adopted_.push_back({std::move(c), unsent});
    if (!orphan_timer_.armed()) orphan_timer_.arm_after(options_.orphan_timeout);
}

void kernel_network::reset_stuck_orphans() noexcept {
    for (orphan& o : adopted_) {
        const size_t before = std::exchange(o.unsent, o.connection->unsent_bytes());
        if (o.connection->done() || o.unsent < before) continue;
        ++counters_.orphans_reset;
        o.connection->abort();
    }
    std::erase_if(adopted_, [](const orphan& o) { return o.connection->done(); });
    if (!adopted_.empty()) orphan_timer_.arm_after(options_.orphan_timeout);
}

void kernel_network::opened(kernel_socket& s) {
    s.place_ = open_.size();
    open_.push_back(&s);
}

void kernel_network::closed(kernel_socket& s) noexcept {
    open_.back()->place_ = s.place_;
    open_[s.place_] = open_.back();
    open_.pop_back();
    adopted_ended_ |= !adopted_.empty();
    tell_if_stopped();
}

std::unique_ptr<network> make_kernel_network(const kernel_network_options& options) {
    return std::make_unique<kernel_network>(options);
}

}  // namespace millrace::net
