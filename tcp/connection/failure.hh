// Why a connection ended, or may be ending, other than in order.
#pragma once

#include <cstdint>
#include <system_error>

namespace millrace::tcp {

enum class failure : uint8_t {
    none,
    refused,
    reset,
    aborted,
    timed_out,
    host_unreachable,
    network_unreachable,
};

// What the application is told; no error for none.
std::error_code error_of(failure f) noexcept;

}  // namespace millrace::tcp
