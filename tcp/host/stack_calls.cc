// What users ask of the stack: listen, connect, stop.
#include "net/error.hh"
#include "net/rss.hh"
#include "tcp/host/stack.hh"
#include "tcp/host/transmit.hh"

#include <utility>

namespace millrace::tcp {
namespace {

[[noreturn]] void refuse(net::errc why) {
    throw std::system_error(why);
}

uint32_t hash_of(const four_tuple& flow) noexcept {
    return net::flow_hash(flow.remote.address, flow.local.address, flow.remote.port, flow.local.port);
}

}  // namespace

listening* stack::listener_for(const net::endpoint& local) const noexcept {
    return listeners_.find(local.port, [&](const listening* l) {
        return l->local().address.is_any() || l->local().address == local.address;
    });
}

net::listener stack::listen(net::listen_options options) {
    const net::ip_address& address = options.address;
    if (!address.is_any() && !interface_.is_local(address)) refuse(net::errc::address_not_available);
    const auto taken = [&](uint16_t port) {
        return listeners_.find(port, [&](const listening* l) {
            return address.is_any() || l->local().address.is_any() || l->local().address == address;
        }) != nullptr;
    };
    if (options.port == 0) {
        const auto port = ports_.choose(address, {}, [&](uint16_t p) { return !taken(p); });
        if (!port) refuse(net::errc::address_not_available);
        options.port = *port;
    } else if (taken(options.port)) {
        refuse(net::errc::address_in_use);
    }
    auto made = std::make_unique<listening>(*this, next_listener_++, options);
    if (!listeners_.insert(options.port, made.get())) {
        made->on_stack_gone();
        refuse(net::errc::no_buffer_space);
    }
    return net::listener(std::move(made));
}

void stack::forget(listening& l) noexcept {
    listeners_.erase(l.local().port, [&](const listening* other) { return other == &l; });
    half_open_.erase_of_listener(l.id());
    note_records();
}

bool stack::hand_over(socket& s, uint32_t id) noexcept {
    listening* l = listener_for(s.flow().local);
    if (!l || l->id() != id) return false;
    s.set(l->settings());
    l->push(s.make_stream());
    return true;
}

// What the local end of a connection to `remote` shall be: RFC 9293 §3.9.1.1, RFC 6056.
four_tuple stack::choose_flow(const net::endpoint& remote, const net::endpoint& wanted) {
    if (remote.address.is_any() || remote.address.is_multicast() || remote.port == 0)
        refuse(net::errc::invalid_address);
    four_tuple flow{.local = wanted, .remote = remote};
    if (wanted.address.is_any())
        flow.local.address = interface_.source_for(remote.address).value_or_throw();
    else if (!interface_.is_local(wanted.address))
        refuse(net::errc::address_not_available);

    const auto lands_here = [&](uint16_t port) {
        flow.local.port = port;
        return interface_.owner_of(hash_of(flow)) == self_;
    };
    const auto is_free = [&] {
        if (find(hash_of(flow), flow) || half_open_.find(hash_of(flow), flow)) return false;
        const time_wait_record* old = time_wait_.find(flow);
        return !old || time_wait_.may_be_reopened(*old, now());
    };
    if (wanted.port != 0) {
        if (!lands_here(wanted.port)) refuse(net::errc::address_not_available);
        if (!is_free()) refuse(net::errc::address_in_use);
        return flow;
    }
    const auto port =
        ports_.choose(flow.local.address, remote, [&](uint16_t p) { return lands_here(p) && is_free(); });
    if (!port) refuse(net::errc::address_not_available);
    flow.local.port = *port;
    return flow;
}

future<net::stream> stack::connect(const net::endpoint& remote, const net::connect_options& options) {
    const four_tuple flow = choose_flow(remote, options.local.value_or(net::endpoint{}));
    const net::path way =
        interface_.make_path(flow.local.address, flow.remote.address, net::ip_protocol::tcp).value_or_throw();
    const time_wait_record* old = time_wait_.find(flow);
    std::optional<fast_open_cache::offer> offer;
    if (!options.first_data.empty()) offer = servers_.find(flow, now());
    const opening ours{.iss = old ? isn_behind(*old, flow) : numbers_.isn(flow, now()),
                       .timestamp_offset = numbers_.timestamp_offset(flow),
                       .path_mss = mss_of(way),
                       .peer_mss = offer ? offer->mss : uint16_t(0)};
    owned_socket made = socket::make(*this, flow, hash_of(flow), way, ours);
    made->prepare(options.settings);
    if (!made->protocol().send_first(options.first_data)) refuse(net::errc::message_too_long);
    if (!add(*made)) refuse(net::errc::no_buffer_space);
    if (old) leave_time_wait(flow);
    socket& added = *made.release();
    ++stats_.active_opens;
    touch(added);
    return added.connected_stream(offer ? std::optional(offer->cookie) : std::nullopt);
}

std::optional<connection_info> stack::info(const four_tuple& flow) const noexcept {
    socket* s = find(hash_of(flow), flow);
    if (!s) return std::nullopt;
    return s->protocol().info();
}

void stack::stop_listening() noexcept {
    std::vector<listening*> open;
    listeners_.for_each([&](listening* l) { open.push_back(l); });
    for (listening* l : open) l->close();
}

void stack::abort_connections() noexcept {
    for (socket* s : sockets_) s->abort();
}

future<> stack::stop() {
    stop_listening();
    if (table_.size() == 0) return make_ready_future<>();
    return stopped_.emplace().get_future();
}

}  // namespace millrace::tcp
