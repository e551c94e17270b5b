#include "net/dpdk/mbuf.hh"

#include <new>
#include <utility>

namespace millrace::net {

namespace {

void drop_view(void*, void* opaque) {
    static_cast<view_private*>(opaque)->bytes().~buffer();
}

// Where the device shall find the bytes. Only of our mbufs is that known; others are shown only to devices
// which do not ask.
rte_iova_t address_of(const buffer& b) noexcept {
    if (!is_mbuf(b)) return RTE_BAD_IOVA;
    const rte_mbuf* m = mbuf_of(b.storage());
    return rte_mbuf_iova_get(m) + rte_iova_t(b.data() - static_cast<const char*>(m->buf_addr));
}

}  // namespace

void release_mbuf(buffer_storage* storage) noexcept {
    rte_mbuf* m = mbuf_of(storage);
    m->next = nullptr;
    m->nb_segs = 1;
    rte_mbuf_raw_free(m);
}

void make_view(rte_mbuf* m, buffer&& b) noexcept {
    view_private& v = view_of(m);
    buffer& held = *new (v.held) buffer(std::move(b));
    v.shared.free_cb = drop_view;
    v.shared.fcb_opaque = &v;
    rte_mbuf_ext_refcnt_set(&v.shared, 1);
    rte_pktmbuf_attach_extbuf(m, held.mutable_data(), address_of(held), uint16_t(held.size()), &v.shared);
    m->data_off = 0;
    m->data_len = uint16_t(held.size());
    m->pkt_len = uint32_t(held.size());
}

buffer end_view(rte_mbuf* m) noexcept {
    buffer b = std::move(view_of(m).bytes());
    m->next = nullptr;
    m->nb_segs = 1;
    rte_pktmbuf_free_seg(m);
    return b;
}

}  // namespace millrace::net
