#include "tcp/host/socket.hh"

#include "core/frame_cache.hh"
#include "net/error.hh"
#include "tcp/host/stack.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {

namespace {

// A few bytes would keep a whole frame of the device's until they are acknowledged. Where there are many
// connections, those frames would not fit into the processor's cache, nor perhaps into the device's pool.
void let_go_of_frame(buffer& data) {
    constexpr size_t few = 256;
    if (data.size() <= few && data.held_bytes() >= 4 * few) data = buffer::copy_of(data.view());
}

}  // namespace

// From the frame cache, which a shard that opens and closes many keeps filled.
owned_socket socket::make(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way,
                          const opening& o) {
    return owned_socket(new (frame_cache::allocate(sizeof(socket))) socket(owner, flow, hash, way, o));
}

owned_socket socket::make(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way,
                          const opening& o, const passive_opening& p, uint32_t listener) {
    return owned_socket(new (frame_cache::allocate(sizeof(socket)))
                            socket(owner, flow, hash, way, o, p, listener));
}

void socket_deleter::operator()(socket* s) const noexcept {
    s->~socket();
    frame_cache::free(s, sizeof(socket));
}

socket::socket(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way, const opening& o)
    : way_(way),
      hash_(hash),
      local_port_(flow.local.port),
      remote_port_(flow.remote.port),
      stack_(&owner),
      connection_(owner.protocol_settings(), owner.limits(), o, owner.now()) {}

socket::socket(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way, const opening& o,
               const passive_opening& p, uint32_t listener)
    : way_(way),
      hash_(hash),
      local_port_(flow.local.port),
      remote_port_(flow.remote.port),
      stack_(&owner),
      connection_(owner.protocol_settings(), owner.limits(), o, p, owner.now()),
      listener_(listener) {}

void socket::touch() noexcept {
    if (stack_) stack_->touch(*this);
}

// Others may write in this turn, too, before it is flushed: what is more than a little counts at once.
void socket::touch_to_send() noexcept {
    constexpr uint32_t a_little = 4096;
    touch();
    if (connection_.held().unacknowledged >= account_.unacknowledged + a_little) [[unlikely]]
        settle(stack_->limits().memory);
}

void socket::on_expire() noexcept {
    if (connection_.next_timeout() > stack_->now()) return rearm();
    connection_.on_timeout(stack_->now());
    if (connection_.timeouts_in_a_row() >= 2) stack_->doubt(way_);
    deliver();  // the device may have no room for long
    touch();
}

void socket::on_payload(buffer&& payload) noexcept {
    if (reading_ && !reader_.abandoned() && connection_.readable_bytes() == 0) [[likely]] {
        reading_ = false;
        reader_.set_value(std::move(payload));
    } else {
        connection_.keep(std::move(payload));
        deliver();
    }
}

void socket::deliver_events() noexcept {
    const events e = connection_.take_events();
    if (e.has_any(events::connected | events::confirmed)) deliver_connected(e);
    if (reading_) deliver_read();
    if (writer_) deliver_write();
    if (e.has(events::closed)) deliver_failure();
}

void socket::deliver_connected(events e) noexcept {
    if (e.has(events::confirmed)) {
        opening_.reset();
        if (fast_open_pending_) stack_->on_fast_open_confirmed();
        fast_open_pending_ = false;
    }
    if (!e.has(events::connected)) return;
    established_ = true;
    if (opening_ && opening_->opener) {
        stack_->on_opened(*this);
        std::exchange(opening_, nullptr)->opener->set_value(make_stream());
    } else if (listener_ != 0 && !stack_->hand_over(*this, std::exchange(listener_, 0))) {
        abort();
    }
}

void socket::deliver_read() noexcept {
    if (reader_.abandoned()) {  // what came is for who reads next
        reading_ = false;
        return;
    }
    buffer b = connection_.receive();
    if (b.empty() && !connection_.at_end()) return;
    stack_->touch(*this);  // the window has opened
    reading_ = false;
    reader_.set_value(std::move(b));
}

void socket::deliver_write() noexcept {
    buffer& unwritten = writer_->unwritten;
    if (!unwritten.empty() && connection_.send(unwritten) > 0) touch();
    const bool done = user_closed_ ? connection_.is_finished() : unwritten.empty();
    if (done) std::exchange(writer_, nullptr)->done.set_value();
}

void socket::deliver_failure() noexcept {
    const std::error_code why = failure();
    if (opening_ && opening_->opener) {
        if (stack_) stack_->on_opening_failed(*this);
        std::exchange(opening_, nullptr)->opener->set_exception(why);
    }
    if (std::exchange(reading_, false)) reader_.set_exception(why);
    if (writer_) std::exchange(writer_, nullptr)->done.set_exception(why);
}

void socket::retire() noexcept {
    cancel();
    retired_ = true;
    deliver_failure();
}

void socket::on_stack_gone() noexcept {
    cancel();
    aborted_ = aborted_ || !connection_.is_closed();
    stack_ = nullptr;
    dirty_ = false;
    deliver_failure();
    if (!held_) socket_deleter()(this);
}

net::stream socket::make_stream() {
    held_ = true;
    return net::stream(std::unique_ptr<net::stream_backend>(this));
}

future<net::stream> socket::connected_stream(const std::optional<fast_open_cookie>& cookie) {
    opening_ = std::make_unique<opening_notes>();
    opening_->cookie = cookie;
    return opening_->opener.emplace().get_future();
}

void socket::set_fast_open_pending(const std::optional<fast_open_cookie>& renewed) {
    fast_open_pending_ = true;
    if (!renewed) return;
    opening_ = std::make_unique<opening_notes>();
    opening_->cookie = renewed;
}

std::error_code socket::failure() const noexcept {
    if (aborted_) return net::errc::connection_aborted;
    if (const auto error = connection_.error()) return error;
    return user_closed_ ? net::errc::closed : net::errc::not_connected;
}

future<buffer> socket::read() {
    if (connection_.readable_bytes() > 0 && !aborted_) {
        touch();
        return make_ready_future<buffer>(connection_.receive());
    }
    if (connection_.at_end()) return make_ready_future<buffer>();
    if (!stack_ || user_closed_ || aborted_ || connection_.is_closed())
        return make_exception_future<buffer>(failure());
    reading_ = true;
    return reader_.wait();
}

future<> socket::write(buffer data) {
    if (!can_write()) return make_exception_future<>(failure());
    if (stack_->crowded()) let_go_of_frame(data);
    connection_.send(data);
    touch_to_send();
    if (data.empty()) return make_ready_future<>();
    return wait_as_writer(std::move(data));
}

future<> socket::write_copy(std::string_view data) {
    if (!can_write()) return make_exception_future<>(failure());
    data.remove_prefix(connection_.send(data));
    touch_to_send();
    if (data.empty()) return make_ready_future<>();
    return wait_as_writer(buffer::copy_of(data));
}

future<> socket::wait_as_writer(buffer&& unwritten) {
    writer_ = std::make_unique<waiting_writer>();
    writer_->unwritten = std::move(unwritten);
    return writer_->done.get_future();
}

future<> socket::shutdown_write() {
    if (!can_write()) return make_exception_future<>(failure());
    write_shut_ = true;
    connection_.shutdown_write();
    touch();
    return make_ready_future<>();
}

future<> socket::close() {
    if (!stack_ || aborted_) return make_exception_future<>(failure());
    if (!std::exchange(user_closed_, true)) {
        write_shut_ = true;
        connection_.close(stack_->now());
        touch();
    }
    if (connection_.is_finished()) return make_ready_future<>();
    if (connection_.is_closed()) return make_exception_future<>(failure());
    return wait_as_writer();
}

void socket::abort() noexcept {
    if (!stack_ || connection_.is_closed()) return;
    aborted_ = true;
    connection_.abort();
    deliver();
    touch();
}

void socket::set(const net::stream_settings& s) noexcept {
    prepare(s);
    if (s.keepalive || s.user_timeout) touch();  // their deadlines may be the next
}

void socket::prepare(const net::stream_settings& s) noexcept {
    connection_.set_no_delay(s.no_delay);
    if (s.send_watermark)
        connection_.set_send_limit(uint32_t(std::min<size_t>(*s.send_watermark, UINT32_MAX)));
    if (!stack_) return;
    if (s.congestion) connection_.set_congestion(*s.congestion, stack_->now());
    if (s.keepalive) connection_.set_keepalive(*s.keepalive, stack_->now());
    if (s.user_timeout) connection_.set_user_timeout(*s.user_timeout);
}

void socket::release() noexcept {
    held_ = false;
    if (!stack_) {
        socket_deleter()(this);
        return;
    }
    if (!std::exchange(user_closed_, true)) connection_.close(stack_->now());
    touch();
}

}  // namespace millrace::tcp
