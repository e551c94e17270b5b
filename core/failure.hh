// A failed operation: its exception and where it became one; and what happens when nobody looks at it.
#pragma once

#include "core/error.hh"

#include <cstdint>
#include <exception>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace millrace {

struct failure {
    std::exception_ptr error;
    std::source_location origin;
};

// One line for logs: the what() of a std::exception, with the category of a std::system_error.
std::string describe(const std::exception_ptr& error) noexcept;
// The same and where it came from: "... (from core/file.cc:12, future<> serve())".
std::string describe(const failure& f) noexcept;

// Failures of futures that were dropped unread, on this thread.
uint64_t forgotten_failures() noexcept;
// Counts the failure and hands it to the handler, or to the log, at level error, if there is none.
void report_forgotten(const failure& f) noexcept;
// For tests, per thread; null restores the log. Returns the handler before.
using forgotten_failure_handler = void (*)(const failure&) noexcept;
forgotten_failure_handler set_forgotten_failure_handler(forgotten_failure_handler handler) noexcept;

// The exception of what can be given as a reason: an exception_ptr, an error code, an exception object.
template <typename E>
std::exception_ptr to_exception_ptr(E&& reason) noexcept {
    using plain = std::remove_cvref_t<E>;
    if constexpr (std::is_same_v<plain, std::exception_ptr>)
        return std::forward<E>(reason);
    else if constexpr (std::is_same_v<plain, std::error_code>)
        return std::make_exception_ptr(std::system_error(reason));
    else if constexpr (std::is_error_code_enum_v<plain>)
        return std::make_exception_ptr(std::system_error(make_error_code(reason)));
    else
        return std::make_exception_ptr(std::forward<E>(reason));
}

}  // namespace millrace
