#include "core/wait_list.hh"

#include <memory>
#include <utility>

namespace millrace {

wait_list::~wait_list() {
    while (!waiting_.empty()) delete &waiting_.pop_front();
}

future<> wait_list::wait(size_t weight, time_point deadline) {
    auto* e = new entry(*this, weight);
    waiting_.push_back(*e);
    if (deadline != never) e->arm(deadline);
    return future<>(*e);
}

void wait_list::wake_front() noexcept {
    std::unique_ptr<entry> first(&waiting_.pop_front());
    first->resolve<void>();
}

void wait_list::wake_all() noexcept {
    while (!empty()) wake_front();
}

void wait_list::fail_all(const std::exception_ptr& reason) noexcept {
    while (!empty()) {
        std::unique_ptr<entry> first(&waiting_.pop_front());
        first->fail({reason, std::source_location::current()});
    }
}

void wait_list::forget_abandoned() noexcept {
    while (!waiting_.empty() && waiting_.front().abandoned()) delete &waiting_.front();
}

void wait_list::entry::on_expire() noexcept {
    std::unique_ptr<entry> self(this);
    wait_list& list = list_;
    list_link::unlink();
    if (!abandoned()) fail({to_exception_ptr(errc::timed_out), std::source_location::current()});
    list.on_departure();
}

void wait_list::entry::on_left() noexcept {
    wait_list& list = list_;
    delete this;
    list.on_departure();
}

}  // namespace millrace
