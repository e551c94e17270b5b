#include "net/kernel/kernel_connection.hh"

#include "net/error.hh"
#include "net/kernel/kernel_network.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

namespace millrace::net {

namespace {

constexpr size_t least_read = 8 * 1024;  // a read is offered at least this much room
constexpr size_t most_pieces = 64;       // buffers in one write
constexpr size_t small_bytes = 512;      // cheaper copied than kept
constexpr size_t default_watermark = 256 * 1024;

template <typename T, typename... V>
void resolve(std::optional<promise<T>>& waiter, V&&... value) noexcept {
    if (!waiter) return;
    promise<T> p = std::move(*waiter);
    waiter.reset();
    p.set_value(std::forward<V>(value)...);
}

template <typename T>
void refuse(std::optional<promise<T>>& waiter, std::error_code why) noexcept {
    if (!waiter) return;
    promise<T> p = std::move(*waiter);
    waiter.reset();
    p.set_exception(why);
}

}  // namespace

kernel_connection::kernel_connection(kernel_network& network, socket_handle handle, const endpoint& remote,
                                     origin from, const stream_settings& settings)
    : kernel_socket(network, std::move(handle)),
      local_(handle_.local()),
      remote_(remote),
      watermark_(settings.send_watermark.value_or(default_watermark)),
      connecting_(from == origin::connecting) {
    // An accepted one has it from its listener.
    if (!connecting_) return;
    apply(settings);
}

kernel_connection::~kernel_connection() {
    fail(make_error_code(errc::connection_aborted));
}

future<> kernel_connection::established() {
    return opener_.emplace().get_future();
}

// ---- reading

// Who gave up waiting gets nothing: what arrives stays for the next read.
void kernel_connection::forget_abandoned_reader() noexcept {
    if (reader_ && reader_->abandoned()) reader_.reset();
}

future<buffer> kernel_connection::read() {
    forget_abandoned_reader();
    CHECK(!reader_);
    if (at_end_) return make_ready_future<buffer>();
    if (!is_open() || error_) return make_exception_future<buffer>(refusal());
    buffer data;
    if (readable_ && read_now(data)) {
        if (error_) return make_exception_future<buffer>(error_);
        return make_ready_future<buffer>(std::move(data));
    }
    return reader_.emplace().get_future();
}

// False if there is nothing to read yet. After true: bytes, or none at the end, or error_ is set.
bool kernel_connection::read_now(buffer& into) noexcept {
    const std::span<char> room = network_->received().room(least_read);
    ssize_t n;
    do {
        n = ::recv(handle_.get(), room.data(), room.size(), 0);
    } while (n < 0 && errno == EINTR);
    ++network_->counters().reads;
    charge_call(n);
    if (n > 0) {
        network_->counters().bytes_in += size_t(n);
        // Fewer bytes than asked for: there are no more, and an edge will tell of the next (epoll(7)).
        if (size_t(n) < room.size() && !peer_finished_) readable_ = false;
        into = network_->received().take(size_t(n));
    } else if (n == 0) {
        at_end_ = true;
        if (fin_sent_) check_delivered();
    } else if (errno == EAGAIN) {
        readable_ = false;
        return false;
    } else {
        fail(error_of(errno));
    }
    return true;
}

// ---- writing

future<> kernel_connection::write(buffer data) {
    if (!connected()) return make_exception_future(refusal());
    // Small ones that wait would each pin a buffer, and cost a piece of a write.
    if (out_bytes_ > 0 && data.size() <= small_bytes) return write_copy(data.view());
    if (!data.empty()) {
        out_bytes_ += data.size();
        out_.push_back(std::move(data));
    }
    return take_write();
}

future<> kernel_connection::write_copy(std::string_view data) {
    if (!connected()) return make_exception_future(refusal());
    out_bytes_ += data.size();
    network_->copied().append_copy(data, out_);
    return take_write();
}

future<> kernel_connection::take_write() {
    if (out_bytes_ >= watermark_) write_now();
    if (error_) return make_exception_future(error_);
    if (out_bytes_ == 0) return make_ready_future<>();
    ask_for_flush();
    if (out_bytes_ < watermark_) return make_ready_future<>();
    CHECK(!writer_);
    return writer_.emplace().get_future();
}

void kernel_connection::ask_for_flush() {
    if (flush_asked_ || !is_open()) return;
    flush_asked_ = true;
    network_->flush_later(*this);
}

void kernel_connection::flush() noexcept {
    flush_asked_ = false;
    if (connecting_ || !is_open()) return;
    write_now();
    if (!error_ && out_bytes_ == 0 && write_ended_) end_writing();
}

void kernel_connection::write_now() noexcept {
    while (out_bytes_ > 0 && writable_) {
        size_t offered = 0;
        const ssize_t n = send_pieces(offered);
        ++network_->counters().writes;
        charge_call(n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) return fail(error_of(errno));
        if (n < 0 || size_t(n) < offered) writable_ = false;
        if (n > 0) consume(size_t(n));
    }
    if (out_bytes_ < watermark_ || out_bytes_ == 0) resolve(writer_);
}

// Offers what waits to the kernel, or the front of it; returns as send(2) does.
ssize_t kernel_connection::send_pieces(size_t& offered) noexcept {
    if (out_.size() - next_out_ == 1) {
        const buffer& only = out_[next_out_];
        offered = only.size();
        return ::send(handle_.get(), only.data(), only.size(), MSG_NOSIGNAL);
    }
    std::array<iovec, most_pieces> pieces;
    size_t count = 0;
    for (size_t i = next_out_; i < out_.size() && count < most_pieces; ++i, ++count) {
        pieces[count] = {out_[i].mutable_data(), out_[i].size()};
        offered += out_[i].size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    return ::sendmsg(handle_.get(), &message, MSG_NOSIGNAL);
}

void kernel_connection::consume(size_t written) noexcept {
    network_->counters().bytes_out += written;
    out_bytes_ -= written;
    while (written > 0) {
        buffer& b = out_[next_out_];
        if (written < b.size()) {
            b.trim_front(written);
            break;
        }
        written -= b.size();
        b = buffer();
        ++next_out_;
    }
    // Not only when all is written: a queue that never runs dry would grow for ever. Half, so that each
    // buffer is moved once on average.
    if (next_out_ * 2 >= out_.size()) {
        out_.erase(out_.begin(), out_.begin() + ptrdiff_t(next_out_));
        next_out_ = 0;
    }
}

// ---- the end

future<> kernel_connection::shutdown_write() {
    if (error_ || !is_open()) return make_exception_future(refusal());
    write_ended_ = true;
    if (fin_sent_) return make_ready_future<>();
    ask_for_flush();
    CHECK(!finisher_);
    return finisher_.emplace().get_future();
}

future<> kernel_connection::close() {
    CHECK(!closer_);
    if (error_) return make_exception_future(error_);
    if (!is_open()) return make_ready_future<>();
    write_ended_ = true;
    auto closed = closer_.emplace().get_future();
    if (fin_sent_)
        check_delivered();
    else
        ask_for_flush();
    return closed;
}

void kernel_connection::end_writing() noexcept {
    if (!fin_sent_) {
        ::shutdown(handle_.get(), SHUT_WR);
        fin_sent_ = true;
        resolve(finisher_);
    }
    if (orphaned_)
        shut();  // the kernel sees to the rest
    else
        check_delivered();
}

// After the FIN: closes when the peer has acknowledged everything, the FIN included, which SIOCOUTQ counts.
void kernel_connection::check_delivered() noexcept {
    if (!closer_ || !is_open()) return;
    if (const std::error_code e = handle_.pending_error()) return fail(e);
    int unacknowledged = 0;
    if (::ioctl(handle_.get(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0) return;
    shut();
    resolve(closer_);
    forget_abandoned_reader();
    if (at_end_)
        resolve(reader_, buffer());
    else
        refuse(reader_, make_error_code(errc::closed));
}

void kernel_connection::abort() noexcept {
    if (!is_open()) return;
    withdraw();
    reset_handle();
    fail(make_error_code(errc::connection_aborted));
}

bool kernel_connection::lingers() noexcept {
    if (!is_open() || error_) return false;
    int unread = 0;
    const bool loses_data = !at_end_ && ::ioctl(handle_.get(), FIONREAD, &unread) == 0 && unread > 0;
    if (loses_data) {
        abort();
        return false;
    }
    if (connecting_ || out_bytes_ == 0) return false;  // the kernel sees to the rest
    orphaned_ = true;
    write_ended_ = true;
    ask_for_flush();
    return true;
}

std::error_code kernel_connection::refusal() const noexcept {
    if (error_) return error_;
    return make_error_code(is_open() ? errc::not_connected : errc::closed);
}

// The end of the connection: whatever waits learns why, and a first error stays for whoever asks later.
void kernel_connection::fail(std::error_code why) noexcept {
    if (!error_) error_ = why;
    out_.clear();
    next_out_ = out_bytes_ = 0;
    shut();
    refuse(opener_, error_);
    forget_abandoned_reader();
    refuse(reader_, error_);
    refuse(writer_, error_);
    refuse(finisher_, error_);
    refuse(closer_, error_);
}

void kernel_connection::shut() noexcept {
    withdraw();
    close_handle();
}

void kernel_connection::withdraw() noexcept {
    if (std::exchange(flush_asked_, false)) network_->forget(*this);
}

// ---- events

void kernel_connection::on_ready(readiness r) noexcept {
    if (connecting_) {
        if (!r.writable && !r.failed) return;
        connecting_ = false;
        if (const std::error_code e = handle_.pending_error()) return fail(e);
        local_ = handle_.local();
        resolve(opener_);
    }
    if (r.readable || r.failed) readable_ = true;
    if (r.writable || r.failed) writable_ = true;
    if (r.finished || r.failed) peer_finished_ = true;
    forget_abandoned_reader();
    buffer data;
    if (readable_ && reader_ && read_now(data) && !error_) resolve(reader_, std::move(data));
    if (!is_open()) return;
    if (out_bytes_ > 0)
        ask_for_flush();
    else if (fin_sent_)
        check_delivered();
}

void kernel_connection::on_network_gone() noexcept {
    flush_asked_ = false;
    reset_handle();
    fail(make_error_code(errc::connection_aborted));
}

void kernel_connection::set(const stream_settings& settings) noexcept {
    watermark_ = settings.send_watermark.value_or(watermark_);
    if (is_open()) apply(settings);
}

void kernel_connection::apply(const stream_settings& settings) noexcept {
    handle_.set(IPPROTO_TCP, TCP_NODELAY, settings.no_delay);
    if (settings.congestion) handle_.set(*settings.congestion);
    if (settings.keepalive) handle_.set(*settings.keepalive);
    if (settings.user_timeout) handle_.set_user_timeout(*settings.user_timeout);
}

}  // namespace millrace::net
