#include "net/udp/socket.hh"

#include "net/error.hh"
#include "net/udp/sockets.hh"

#include <algorithm>

namespace millrace::net {

namespace {

// Payload up to this is copied behind its headers; more is attached.
constexpr size_t copied_bytes = 256;
constexpr size_t most_payload = 65535 - 20 - udp_header::bytes;

}  // namespace

future<received_datagram> udp_socket::receive() {
    if (!received_.empty()) {
        received_datagram d = std::move(received_.front());
        received_.pop_front();
        set_received_bytes(received_bytes_ - d.data.size());
        return make_ready_future<received_datagram>(std::move(d));
    }
    if (error_) return make_exception_future<received_datagram>(std::exchange(error_, {}));
    if (!table_) return make_exception_future<received_datagram>(make_error_code(errc::closed));
    CHECK(!is_awaited());
    return waiting_.emplace().get_future();
}

void udp_socket::deliver(const ip_datagram& d, const udp_header& h) noexcept {
    packet& p = *d.data;
    p.head.trim_front(udp_header::bytes);
    size_t size = p.size();
    const udp_settings& limits = table_->settings_;
    const bool awaited = is_awaited();
    if (!awaited &&
        (received_.size() >= limits.receive_datagrams || received_bytes_ + size > limits.receive_bytes ||
         !table_->memory_.admit(memory_use::datagrams, size)))
        return table_->drops_.count(drop_reason::udp_queue_full);
    received_datagram r{join(std::move(p)), {d.source, h.source_port}};
    if (awaited) {
        auto waiting = std::exchange(waiting_, std::nullopt);
        return waiting->set_value(std::move(r));
    }
    set_received_bytes(received_bytes_ + size);
    received_.push_back(std::move(r));
}

void udp_socket::set_received_bytes(size_t bytes) noexcept {
    table_->memory_.change(memory_use::datagrams, received_bytes_, bytes);
    received_bytes_ = bytes;
}

void udp_socket::fail(std::error_code error) noexcept {
    if (!is_awaited()) {
        error_ = error;
        return;
    }
    auto waiting = std::exchange(waiting_, std::nullopt);
    waiting->set_exception(error);
}

future<> udp_socket::send(endpoint to, buffer data) {
    if (auto error = try_send(to, std::move(data))) return make_exception_future<>(error);
    return make_ready_future<>();
}

std::error_code udp_socket::find_way(const ip_address& to) noexcept {
    if (way_.destination() == to) return {};
    auto way = table_->out_.make_path(local_.address, to, ip_protocol::udp, table_->now_);
    if (!way) return way.error();
    way_ = *way;
    return {};
}

std::error_code udp_socket::try_send(const endpoint& to, buffer&& data) noexcept {
    if (!table_) return make_error_code(errc::closed);
    if (to.port == 0) return make_error_code(errc::invalid_address);
    if (data.size() > most_payload) return make_error_code(errc::message_too_long);
    if (auto error = find_way(to.address)) return error;
    packet p;
    p.head = table_->out_.allocate();
    if (!p.head.storage()) {
        table_->drops_.count(drop_reason::no_buffer);
        return make_error_code(errc::no_buffer_space);
    }
    udp_header h{local_.port, to.port, uint16_t(udp_header::bytes + data.size()), 0};
    h.write(reinterpret_cast<uint8_t*>(p.head.append(udp_header::bytes)));
    if (data.size() <= copied_bytes && data.size() <= p.head.tailroom()) {
        if (!data.empty()) std::memcpy(p.head.append(data.size()), data.data(), data.size());
    } else {
        p.fragments.push_back(std::move(data));
    }
    if (!has_sent_to(to)) sent_to_[sent_count_++ % sent_to_.size()] = to;
    if (!table_->out_.send(way_, std::move(p), ecn::not_capable, table_->now_))
        return make_error_code(errc::no_buffer_space);
    return {};
}

bool udp_socket::has_sent_to(const endpoint& remote) const noexcept {
    return std::find(sent_to_.begin(), sent_to_.end(), remote) != sent_to_.end();
}

void udp_socket::close() noexcept {
    if (!table_) return;
    received_.clear();
    set_received_bytes(0);
    table_->remove(*this);
    table_ = nullptr;
    if (is_awaited()) fail(make_error_code(errc::closed));
}

}  // namespace millrace::net
