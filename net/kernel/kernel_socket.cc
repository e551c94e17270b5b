#include "net/kernel/kernel_socket.hh"

#include "net/kernel/kernel_network.hh"

namespace millrace::net {

kernel_socket::kernel_socket(kernel_network& network, socket_handle handle)
    : network_(&network), handle_(std::move(handle)) {
    watch(handle_.get(), attention::every_turn);
    network.opened(*this);
}

kernel_socket::~kernel_socket() {
    close_handle();
}

void kernel_socket::close_handle() noexcept {
    if (!is_open()) return;
    unwatch();
    handle_.close();
    leave();
}

void kernel_socket::reset_handle() noexcept {
    if (!is_open()) return;
    unwatch();
    handle_.reset();
    leave();
}

void kernel_socket::leave() noexcept {
    if (network_) std::exchange(network_, nullptr)->closed(*this);
}

}  // namespace millrace::net
