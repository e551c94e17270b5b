#include "net/kernel/kernel_listener.hh"

#include "core/log.hh"
#include "net/kernel/kernel_network.hh"
#include "net/kernel/kernel_stream.hh"

#include <cerrno>

namespace millrace::net {

namespace {

logger log("kernel");

bool is_want_of_resources(int error_number) noexcept {
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
           error_number == ENOMEM;
}

}  // namespace

kernel_listener::kernel_listener(kernel_network& network, socket_handle handle, port_claim claim,
                                 const stream_settings& settings)
    : kernel_socket(network, std::move(handle)),
      local_(handle_.local()),
      settings_(settings),
      claim_(std::move(claim)) {}

kernel_listener::~kernel_listener() {
    close();
}

future<std::optional<stream>> kernel_listener::accept() {
    CHECK(!acceptor_);
    std::optional<stream> accepted;
    if (!is_open() || (ready_ && !pause_.armed() && accept_now(accepted)))
        return make_ready_future<std::optional<stream>>(std::move(accepted));
    return acceptor_.emplace().get_future();
}

bool kernel_listener::accept_now(std::optional<stream>& into) noexcept {
    while (true) {
        socket_address peer;
        const int fd =
            ::accept4(handle_.get(), peer.get(), peer.length_place(), SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            try {
                auto c = std::make_unique<kernel_connection>(*network_, socket_handle(fd), peer.to_endpoint(),
                                                             kernel_connection::origin::accepted, settings_);
                into.emplace(std::make_unique<kernel_stream>(*network_, std::move(c)));
                wanting_ = false;
                ++network_->counters().opened;
                return true;
            } catch (const std::exception&) {
                pause();
                return false;
            }
        }
        if (errno == EAGAIN) {
            ready_ = false;
            return false;
        }
        if (is_want_of_resources(errno)) {
            pause();
            return false;
        }
        // Anything else is about one connection that did not live to be accepted (accept(2)).
    }
}

// Trying on at once would only spin: the connection stays in the backlog and the socket readable.
void kernel_listener::pause() noexcept {
    if (!wanting_)
        log.warn("{}: cannot accept connections for want of descriptors or memory", to_string(local_));
    wanting_ = true;
    ++network_->counters().accept_pauses;
    pause_.arm_after(network_->options().accept_pause);
}

void kernel_listener::accept_for_waiter() noexcept {
    std::optional<stream> accepted;
    if (!acceptor_ || !accept_now(accepted)) return;
    promise<std::optional<stream>> waiter = std::move(*acceptor_);
    acceptor_.reset();
    waiter.set_value(std::move(accepted));
}

void kernel_listener::on_ready(readiness) noexcept {
    ready_ = true;
    if (!pause_.armed()) accept_for_waiter();
}

void kernel_listener::close() noexcept {
    pause_.cancel();
    close_handle();
    claim_ = port_claim();
    if (!acceptor_) return;
    promise<std::optional<stream>> waiter = std::move(*acceptor_);
    acceptor_.reset();
    waiter.set_value(std::nullopt);
}

}  // namespace millrace::net
