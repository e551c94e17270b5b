#include "core/semaphore.hh"

#include "core/reactor.hh"

namespace millrace {

future<> semaphore::wait(size_t units, duration timeout) {
    return wait(units, reactor::current().after(timeout));
}

future<> semaphore::wait_in_line(size_t units, time_point deadline) {
    if (broken_) return make_exception_future<>(broken_);
    return wait_list::wait(units, deadline);
}

void semaphore::broken(std::exception_ptr reason) noexcept {
    broken_ = std::move(reason);
    fail_all(broken_);
}

}  // namespace millrace
