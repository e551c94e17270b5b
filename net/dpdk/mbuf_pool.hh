// The packet buffers of one queue: some with room for a frame, some that show foreign bytes.
#pragma once

#include <cstdint>
#include <string>

struct rte_mempool;

namespace millrace::net {

struct mbuf_pool_settings {
    std::string device;  // for messages
    unsigned frames = 8192;
    unsigned views = 1024;
    uint32_t frame_bytes = 1518;
    int socket = -1;  // NUMA node; -1: any
};

class mbuf_pool {
 public:
    // Throws device_error if DPDK's memory does not suffice.
    explicit mbuf_pool(const mbuf_pool_settings& settings);
    mbuf_pool(const mbuf_pool&) = delete;
    mbuf_pool& operator=(const mbuf_pool&) = delete;
    // Frames that an application still holds keep their pool: it is freed with a later one, when they are
    // back.
    ~mbuf_pool();

    rte_mempool* frames() const noexcept { return frames_; }
    rte_mempool* views() const noexcept { return views_; }
    unsigned frames_in_use() const noexcept;

 private:
    rte_mempool* frames_ = nullptr;
    rte_mempool* views_ = nullptr;
};

}  // namespace millrace::net
