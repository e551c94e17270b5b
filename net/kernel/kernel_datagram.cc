#include "net/kernel/kernel_datagram.hh"

#include "net/error.hh"
#include "net/kernel/kernel_network.hh"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/uio.h>

namespace millrace::net {

namespace {

constexpr size_t usual_size = 2048;  // what fits is received in place
constexpr size_t largest = 65536;

}  // namespace

kernel_datagram::kernel_datagram(kernel_network& network, socket_handle handle, port_claim claim, int family)
    : kernel_socket(network, std::move(handle)),
      local_(handle_.local()),
      claim_(std::move(claim)),
      family_(family) {
    handle_.set(IPPROTO_IP, IP_RECVERR, 1);
    if (family == AF_INET6) handle_.set(IPPROTO_IPV6, IPV6_RECVERR, 1);
}

kernel_datagram::~kernel_datagram() {
    close();
}

future<received_datagram> kernel_datagram::receive() {
    CHECK(!receiver_);
    if (!is_open()) return make_exception_future<received_datagram>(make_error_code(errc::closed));
    if (reported_) return make_exception_future<received_datagram>(std::exchange(reported_, {}));
    received_datagram d;
    std::error_code error;
    if (readable_ && receive_now(d, error)) {
        if (error) return make_exception_future<received_datagram>(error);
        return make_ready_future<received_datagram>(std::move(d));
    }
    return receiver_.emplace().get_future();
}

// False if nothing has arrived yet.
bool kernel_datagram::receive_now(received_datagram& into, std::error_code& error) noexcept {
    byte_arena& arena = network_->received();
    const std::span<char> room = arena.room(usual_size);
    std::array<char, largest> rest;
    std::array<iovec, 2> pieces{iovec{room.data(), room.size()}, iovec{rest.data(), rest.size()}};
    socket_address from;
    msghdr message{};
    message.msg_name = from.get();
    message.msg_namelen = from.length();
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    ssize_t n;
    do {
        n = ::recvmsg(handle_.get(), &message, 0);
    } while (n < 0 && errno == EINTR);
    ++network_->counters().reads;
    charge_call(n);
    if (n < 0 && errno == EAGAIN) {
        readable_ = false;
        return false;
    }
    if (n < 0) {
        error = error_of(errno);
        empty_error_queue();
        return true;
    }
    network_->counters().bytes_in += size_t(n);
    into.from = from.to_endpoint();
    if (size_t(n) <= room.size()) {
        into.data = arena.take(size_t(n));
    } else {
        into.data = buffer::allocate(size_t(n));
        std::memcpy(into.data.mutable_data(), room.data(), room.size());
        std::memcpy(into.data.mutable_data() + room.size(), rest.data(), size_t(n) - room.size());
    }
    return true;
}

future<> kernel_datagram::send(endpoint to, buffer data) {
    if (!is_open()) return make_exception_future(make_error_code(errc::closed));
    if (family_ == AF_INET && !to.address.is_v4())
        return make_exception_future(make_error_code(errc::not_supported));
    const int error = send_now(to, data);
    if (error == 0) return make_ready_future<>();
    if (error != EAGAIN) return make_exception_future(error_of(error));
    if (sender_) return make_exception_future(make_error_code(errc::no_buffer_space));
    return sender_.emplace(waiting_send{to, std::move(data), {}}).sent.get_future();
}

// The kernel tells what ICMP reported of an earlier datagram in place of sending this one: then a second try
// goes through, and the report is for receive() to tell.
int kernel_datagram::send_now(const endpoint& to, const buffer& data) noexcept {
    const socket_address address(to, family_);
    int error = 0;
    for (int attempt = 0; attempt < 2; ++attempt) {
        ++network_->counters().writes;
        const ssize_t n =
            ::sendto(handle_.get(), data.data(), data.size(), MSG_NOSIGNAL, address.get(), address.length());
        charge_call(n);
        if (n >= 0) {
            network_->counters().bytes_out += size_t(n);
            if (error && !reported_) reported_ = error_of(error);
            return 0;
        }
        if (errno == EAGAIN) return EAGAIN;
        error = errno;
    }
    return error;
}

// The queue holds copies of what was sent; the error itself was told.
void kernel_datagram::empty_error_queue() noexcept {
    char scrap[64];
    while (::recv(handle_.get(), scrap, sizeof scrap, MSG_ERRQUEUE) >= 0) {
    }
}

void kernel_datagram::on_ready(readiness r) noexcept {
    if (r.readable || r.failed) readable_ = true;
    if (receiver_ && readable_) {
        received_datagram d;
        std::error_code error = std::exchange(reported_, {});
        if (error || receive_now(d, error)) {
            promise<received_datagram> waiter = std::move(*receiver_);
            receiver_.reset();
            if (error)
                waiter.set_exception(error);
            else
                waiter.set_value(std::move(d));
        }
    }
    if (sender_ && r.writable) {
        const int error = send_now(sender_->to, sender_->data);
        if (error == EAGAIN) return;
        waiting_send s = std::move(*sender_);
        sender_.reset();
        if (error)
            s.sent.set_exception(error_of(error));
        else
            s.sent.set_value();
    }
}

void kernel_datagram::close() noexcept {
    close_handle();
    claim_ = port_claim();
    const std::error_code closed = make_error_code(errc::closed);
    if (receiver_) receiver_->set_exception(closed);
    receiver_.reset();
    if (sender_) sender_->sent.set_exception(closed);
    sender_.reset();
}

}  // namespace millrace::net
