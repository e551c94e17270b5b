// How a client tells a perf server what it wants: by how its connection begins. A hello asks for a stream, a
// command of the Redis protocol for its answer; what begins otherwise is echoed, so that rr and crr also run
// against any echo server.
#pragma once

#include "apps/perf/settings.hh"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::perf {

// Ahead of the stream of read, write and rw.
struct hello {
    workload what = workload::read;
    uint32_t message = 0;  // bytes of each write of the server's

    static constexpr size_t size = 16;
    static constexpr std::string_view magic = "\x01millrace\x02";

    std::array<char, size> emit() const noexcept;
    // Of exactly `size` bytes; nullopt if they are no hello.
    static std::optional<hello> parse(std::string_view bytes) noexcept;
};

enum class opening : uint8_t { unknown, stream, resp, echo };

// What a connection wants that begins so; unknown: more bytes will tell.
opening opening_of(std::string_view first) noexcept;

}  // namespace millrace::perf
