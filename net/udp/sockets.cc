#include "net/udp/sockets.hh"

#include "net/error.hh"

namespace millrace::net {

namespace {

errc error_of(icmp_error::kind what) noexcept {
    switch (what) {
        case icmp_error::kind::network_unreachable:
            return errc::network_unreachable;
        case icmp_error::kind::host_unreachable:
        case icmp_error::kind::prohibited:
        case icmp_error::kind::time_exceeded:
        case icmp_error::kind::parameter_problem:
            return errc::host_unreachable;
        case icmp_error::kind::protocol_unreachable:
        case icmp_error::kind::port_unreachable:
            return errc::connection_refused;
        case icmp_error::kind::fragmentation_needed:
            return errc::message_too_long;
    }
    return errc::host_unreachable;
}

}  // namespace

udp_sockets::udp_sockets(const udp_settings& settings, const routes& r, output& out, memory_budget& memory,
                         const time_point& now, random& rng, drop_counters& drops)
    : settings_(settings), routes_(r), out_(out), memory_(memory), now_(now), rng_(rng), drops_(drops) {}

udp_sockets::~udp_sockets() {
    for (auto*& first : sockets_)
        while (first) first->close();
}

void udp_sockets::set_shard(unsigned self, unsigned shards) noexcept {
    self_ = self;
    shards_ = shards;
}

std::unique_ptr<datagram_backend> udp_sockets::open(endpoint local) {
    bool ours = local.address.is_any() || (local.address.is_v4() && routes_.is_local(local.address.v4()));
    if (!ours) throw std::system_error(make_error_code(errc::address_not_available), to_string(local));
    if (count_ >= settings_.sockets)
        throw std::system_error(make_error_code(errc::no_buffer_space), "UDP sockets");
    if (local.port == 0) local.port = free_port(local.address);
    if (local.port == 0) throw std::system_error(make_error_code(errc::address_not_available), "UDP ports");
    if (in_use(local)) throw std::system_error(make_error_code(errc::address_in_use), to_string(local));
    auto socket = std::make_unique<udp_socket>(*this, local);
    auto*& first = sockets_[bucket_of(local.port)];
    socket->next_ = first;
    first = socket.get();
    ++count_;
    return socket;
}

// A random one of this shard's dynamic ports (RFC 6056 §3.3.1); 0 if all are taken.
uint16_t udp_sockets::free_port(const ip_address& local) noexcept {
    unsigned ports = (65536u - first_dynamic_port) / shards_;
    unsigned start = unsigned(rng_.below(ports));
    unsigned first = first_dynamic_port + (self_ + shards_ - first_dynamic_port % shards_) % shards_;
    for (unsigned i = 0; i < ports; ++i) {
        unsigned port = first + (start + i) % ports * shards_;
        if (port <= 65535 && !in_use({local, uint16_t(port)})) return uint16_t(port);
    }
    return 0;
}

// Would a socket here take datagrams from another one's address and port?
bool udp_sockets::in_use(const endpoint& local) const noexcept {
    for (auto* s = sockets_[bucket_of(local.port)]; s; s = s->next_) {
        bool same_address =
            s->local_.address == local.address || s->local_.address.is_any() || local.address.is_any();
        if (s->local_.port == local.port && same_address) return true;
    }
    return false;
}

udp_socket* udp_sockets::find(const ip_address& local, uint16_t port) const noexcept {
    for (auto* s = sockets_[bucket_of(port)]; s; s = s->next_) {
        // Broadcasts come to sockets of any address only.
        if (s->local_.port == port && (s->local_.address.is_any() || s->local_.address == local)) return s;
    }
    return nullptr;
}

bool udp_sockets::deliver(const ip_datagram& d, const udp_header& h) noexcept {
    udp_socket* s = find(d.destination, h.destination_port);
    if (!s) return false;
    s->deliver(d, h);
    return true;
}

bool udp_sockets::on_icmp_error(const icmp_error& e) noexcept {
    if (e.quoted.size() < udp_header::bytes) return false;
    udp_header sent = udp_header::read(e.quoted.data());
    udp_socket* s = find(e.source, sent.source_port);
    if (!s || !s->has_sent_to({e.destination, sent.destination_port})) return false;
    // Too long for a path is ours to mend: later ones are fragmented.
    if (e.what != icmp_error::kind::fragmentation_needed) s->fail(make_error_code(error_of(e.what)));
    return true;
}

void udp_sockets::remove(udp_socket& s) noexcept {
    for (auto** at = &sockets_[bucket_of(s.local_.port)]; *at; at = &(*at)->next_) {
        if (*at != &s) continue;
        *at = s.next_;
        --count_;
        return;
    }
}

size_t udp_sockets::waiting() const noexcept {
    size_t n = 0;
    for (auto* first : sockets_)
        for (auto* s = first; s; s = s->next_) n += s->received_.size();
    return n;
}

}  // namespace millrace::net
