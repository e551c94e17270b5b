#include "net/dpdk/mbuf_pool.hh"

#include "core/log.hh"
#include "net/dpdk/eal.hh"
#include "net/dpdk/mbuf.hh"
#include "net/dpdk_device.hh"

#include <rte_errno.h>
#include <rte_mempool.h>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

namespace millrace::net {

namespace {

logger pool_log("dpdk");

constexpr unsigned cached = 256;  // by each thread
constexpr uint32_t room_alignment = 64;

// Where buffers are still out when their device closes. Under the mutex, as devices may close on any thread.
std::mutex retired_mutex;
std::vector<rte_mempool*> retired;

void free_returned_pools() {
    const std::lock_guard lock(retired_mutex);
    std::erase_if(retired, [](rte_mempool* pool) {
        if (rte_mempool_in_use_count(pool) != 0) return false;
        rte_mempool_free(pool);
        return true;
    });
}

void retire(rte_mempool* pool) {
    if (!pool) return;
    if (const unsigned out = rte_mempool_in_use_count(pool)) {
        pool_log.debug("{} of {}'s buffers are still in use", out, pool->name);
        const std::lock_guard lock(retired_mutex);
        retired.push_back(pool);
        return;
    }
    rte_mempool_free(pool);
}

std::string next_name() {
    static unsigned number = 0;  // devices are opened one at a time
    return fmt::format("millrace{}", number++);
}

// What never changes of a frame's storage.
void prepare(rte_mempool*, void*, void* object, unsigned) {
    auto* m = static_cast<rte_mbuf*>(object);
    auto* s = new (rte_mbuf_to_priv(m)) buffer_storage;
    s->release = &release_mbuf;
    s->begin = static_cast<char*>(m->buf_addr);
    s->end = s->begin + m->buf_len;
}

[[noreturn]] void refuse(const mbuf_pool_settings& s, uint32_t room) {
    const uint64_t bytes = uint64_t(s.frames) * (sizeof(rte_mbuf) + frame_private_bytes + room + 64);
    throw device_error(fmt::format(
        "device \"{}\": no memory for {} buffers of {} bytes ({}), {} MiB of the {} MiB that DPDK started "
        "with; give it more, or use fewer buffers or queues",
        s.device, s.frames, room, rte_strerror(rte_errno), bytes >> 20, eal_memory_mib()));
}

}  // namespace

mbuf_pool::mbuf_pool(const mbuf_pool_settings& s) {
    free_returned_pools();
    const uint32_t frame_room = std::max(2048u, RTE_ALIGN(s.frame_bytes, room_alignment));
    const auto room = uint16_t(RTE_PKTMBUF_HEADROOM + frame_room);
    frames_ =
        rte_pktmbuf_pool_create(next_name().c_str(), s.frames, cached, frame_private_bytes, room, s.socket);
    if (!frames_) refuse(s, room);
    rte_mempool_obj_iter(frames_, prepare, nullptr);
    views_ = rte_pktmbuf_pool_create(next_name().c_str(), s.views, cached, view_private_bytes, 0, s.socket);
    if (!views_) {
        retire(frames_);
        refuse(s, 0);
    }
}

mbuf_pool::~mbuf_pool() {
    retire(frames_);
    retire(views_);
}

unsigned mbuf_pool::frames_in_use() const noexcept {
    return rte_mempool_in_use_count(frames_);
}

}  // namespace millrace::net
