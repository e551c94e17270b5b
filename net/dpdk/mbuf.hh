// Packet buffers of DPDK (mbufs) as our buffers: the storage lies in an mbuf's private area, so that neither
// a frame received nor one to be sent allocates anything.
#pragma once

#include "core/buffer.hh"

#include <rte_mbuf.h>

#include <memory>

namespace millrace::net {

// What lies in the private area of an mbuf with room for a frame. It may be released on any thread.
inline constexpr uint16_t frame_private_bytes = RTE_ALIGN(sizeof(buffer_storage), RTE_MBUF_PRIV_ALIGN);

void release_mbuf(buffer_storage* storage) noexcept;

inline buffer_storage& storage_of(rte_mbuf* m) noexcept {
    return *static_cast<buffer_storage*>(rte_mbuf_to_priv(m));
}
inline rte_mbuf* mbuf_of(buffer_storage* storage) noexcept {
    return reinterpret_cast<rte_mbuf*>(reinterpret_cast<char*>(storage) - sizeof(rte_mbuf));
}

// The buffer lies in an mbuf of ours.
inline bool is_mbuf(const buffer& b) noexcept {
    return b.storage() && b.storage()->release == &release_mbuf;
}

// The bytes of one mbuf, which the buffer then owns. It must be of a pool of ours, and the only one of its
// chain.
inline buffer to_buffer(rte_mbuf* m) noexcept {
    buffer_storage& s = storage_of(m);
    s.references = 0;
    return buffer::attach(s, rte_pktmbuf_mtod(m, char*), m->data_len);
}

// The same for who holds an empty buffer: less than an assignment.
inline void to_buffer(rte_mbuf* m, buffer& held) noexcept {
    if (held.storage()) [[unlikely]]
        held = buffer();
    std::construct_at(&held, to_buffer(m));
}

// The same of an mbuf as its pool gives it, whose own description says nothing yet: no bytes, all the room
// that they may have.
inline buffer to_empty_buffer(rte_mbuf* m) noexcept {
    buffer_storage& s = storage_of(m);
    s.references = 0;
    return buffer::attach(s, s.begin + RTE_PKTMBUF_HEADROOM, 0);
}

// The way back: the mbuf of a sole owner, with the buffer's bytes, no longer owned by the buffer.
inline rte_mbuf* take_mbuf(buffer& b) noexcept {
    rte_mbuf* m = mbuf_of(b.storage());
    m->data_off = uint16_t(b.data() - static_cast<char*>(m->buf_addr));
    m->data_len = uint16_t(b.size());
    m->pkt_len = uint32_t(b.size());
    m->nb_segs = 1;
    m->next = nullptr;
    m->ol_flags = 0;
    std::construct_at(&b);  // its reference is the mbuf's now, and the next to_buffer() takes it over
    return m;
}

// An mbuf without room of its own, that shows a buffer's bytes to a device.
struct view_private {
    rte_mbuf_ext_shared_info shared;
    alignas(buffer) unsigned char held[sizeof(buffer)];

    buffer& bytes() noexcept { return *std::launder(reinterpret_cast<buffer*>(held)); }
};
inline constexpr uint16_t view_private_bytes = RTE_ALIGN(sizeof(view_private), RTE_MBUF_PRIV_ALIGN);

inline view_private& view_of(rte_mbuf* m) noexcept {
    return *static_cast<view_private*>(rte_mbuf_to_priv(m));
}
// Of ours, as made by make_view(): no frame that we receive or send otherwise lies outside of its mbuf.
inline bool is_view(const rte_mbuf* m) noexcept {
    return RTE_MBUF_HAS_EXTBUF(m);
}

// Takes the buffer over until the device frees the mbuf. `m` is fresh, of a pool of views.
void make_view(rte_mbuf* m, buffer&& b) noexcept;
// Frees the mbuf and gives its buffer back.
buffer end_view(rte_mbuf* m) noexcept;

}  // namespace millrace::net
