#include "core/failure.hh"

#include "core/log.hh"

#include <fmt/format.h>

#include <system_error>

namespace millrace {

namespace {

logger log_of_futures("future");

thread_local uint64_t forgotten_count = 0;
thread_local forgotten_failure_handler handler_of_thread = nullptr;

}  // namespace

std::string describe(const std::exception_ptr& error) noexcept try {
    if (!error) return "no error";
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error& e) {
        return fmt::format("{} ({} {})", e.what(), e.code().category().name(), e.code().value());
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
} catch (...) {
    return {};
}

std::string describe(const failure& f) noexcept try {
    return fmt::format("{} (from {}:{}, {})", describe(f.error), f.origin.file_name(), f.origin.line(),
                       f.origin.function_name());
} catch (...) {
    return {};
}

uint64_t forgotten_failures() noexcept {
    return forgotten_count;
}

void report_forgotten(const failure& f) noexcept {
    ++forgotten_count;
    if (handler_of_thread)
        handler_of_thread(f);
    else
        log_of_futures.error("a failed future was dropped unread: {}", describe(f));
}

forgotten_failure_handler set_forgotten_failure_handler(forgotten_failure_handler handler) noexcept {
    return std::exchange(handler_of_thread, handler);
}

}  // namespace millrace
