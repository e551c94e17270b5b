// Why an operation of core failed, as std::error_code in the std::system_error that a future carries.
#pragma once

#include <system_error>
#include <type_traits>

namespace millrace {

enum class errc {
    broken_promise = 1,  // whoever should have resolved the promise dropped it
    timed_out,
    aborted,  // the abort_source was asked to abort
    gate_closed,
    queue_closed,
    semaphore_broken,
    condition_broken,
    shard_stopped,  // the shard that should have done the work no longer runs
};

// Category "millrace". timed_out and aborted compare equal to std::errc::timed_out and operation_canceled.
const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

}  // namespace millrace

template <>
struct std::is_error_code_enum<millrace::errc> : std::true_type {};
