#include "tcp/host/transmit.hh"

#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace millrace::tcp {
namespace {

// Where the compiler sees that a size is small it writes a loop, which takes longer than the library's.
[[gnu::noinline]] void copy(char* to, const char* from, size_t bytes) noexcept {
    std::memcpy(to, from, bytes);
}

template <typename Outgoing>
net::ecn mark_of(const Outgoing& o) noexcept {
    return net::ecn(o.ect * uint8_t(net::ecn::ect0));
}

}  // namespace

bool transmit(net::interface& out, net::path& way, outgoing&& o, uint16_t source_port,
              uint16_t destination_port) noexcept {
    net::packet* p = out.draft();
    if (!p) return false;
    const size_t header_bytes = o.header_bytes();
    const size_t payload_bytes = o.payload_bytes();
    const bool copies = payload_bytes <= copied_payload_bytes;
    if (p->head.tailroom() < header_bytes + (copies ? payload_bytes : 0)) return false;

    emit(o, source_port, destination_port, reinterpret_cast<uint8_t*>(p->head.append(header_bytes)));
    if (copies) {
        for (const buffer& b : o.payload) std::memcpy(p->head.append(b.size()), b.data(), b.size());
    } else {
        for (buffer& b : o.payload) p->fragments.push_back(std::move(b));
    }
    return out.send_draft(*p, way, mark_of(o));
}

bool transmit(net::interface& out, net::path& way, const plain_outgoing& o, uint16_t source_port,
              uint16_t destination_port) noexcept {
    net::packet* p = out.draft();
    if (!p) return false;
    const size_t header_bytes = o.header_bytes();
    const bool copies = o.payload_bytes <= copied_payload_bytes;
    const size_t head_bytes = header_bytes + (copies ? o.payload_bytes : 0);
    if (p->head.tailroom() < head_bytes) return false;

    char* to = p->head.append(head_bytes);
    emit(o, source_port, destination_port, reinterpret_cast<uint8_t*>(to));
    if (!copies)
        p->fragments.push_back(o.from->share(o.offset, o.payload_bytes));
    else if (o.payload_bytes > 0)
        copy(to + header_bytes, o.payload(), o.payload_bytes);
    return out.send_draft(*p, way, mark_of(o));
}

size_t transmit_run(net::interface& out, net::path& way, const plain_outgoing& o, uint16_t segment_bytes,
                    uint16_t source_port, uint16_t destination_port) noexcept {
    std::array<uint8_t, header::size + timestamps_bytes> header;
    emit(o, source_port, destination_port, header.data());
    return out.send_run(way,
                        {.header = std::span(header).first(o.header_bytes()),
                         .data = o.from->share(o.offset, o.payload_bytes),
                         .segment_bytes = segment_bytes},
                        mark_of(o));
}

uint16_t mss_of(const net::path& way) noexcept {
    const unsigned headers = way.destination().is_v4() ? 20 + 20 : 40 + 20;
    return way.mtu() > headers ? uint16_t(way.mtu() - headers) : 0;
}

}  // namespace millrace::tcp
