#include "core/io.hh"

#include "core/error.hh"

#include <utility>

namespace millrace {

pollable_fd::~pollable_fd() {
    for (direction* d : {&in_, &out_})
        if (d->waiter) d->waiter->set_exception(make_error_code(errc::aborted));
}

future<> pollable_fd::direction::wait() {
    CHECK(!waiter);
    if (std::exchange(ready, false)) return make_ready_future<>();
    return waiter.emplace().get_future();
}

void pollable_fd::direction::on_ready() {
    if (!waiter) {
        ready = true;
        return;
    }
    promise<> p = std::move(*waiter);
    waiter.reset();
    p.set_value();
}

void pollable_fd::on_ready(readiness r) noexcept {
    if (r.readable || r.failed) in_.on_ready();
    if (r.writable || r.failed) out_.on_ready();
}

}  // namespace millrace
