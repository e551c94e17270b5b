#include "tcp/host/listening.hh"

#include "tcp/host/stack.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {

listening::listening(stack& owner, uint32_t id, const net::listen_options& options)
    : stack_(&owner),
      id_(id),
      local_{options.address, options.port},
      backlog_(std::max(options.backlog, 1u)),
      settings_(options.settings),
      fast_open_(options.fast_open) {}

listening::~listening() {
    close();
}

future<std::optional<net::stream>> listening::accept() {
    if (!stack_) return make_ready_future<std::optional<net::stream>>(std::nullopt);
    if (ready_.empty()) return waiter_.emplace().get_future();
    std::optional<net::stream> next(std::move(ready_.front()));
    ready_.pop_front();
    stack_->on_accepted();
    return make_ready_future<std::optional<net::stream>>(std::move(next));
}

void listening::push(net::stream s) {
    if (waiter_ && !waiter_->abandoned()) {
        stack_->on_accepted();
        std::exchange(waiter_, std::nullopt)->set_value(std::optional<net::stream>(std::move(s)));
    } else {
        ready_.push_back(std::move(s));
    }
}

void listening::close() noexcept {
    if (!stack_) return;
    std::exchange(stack_, nullptr)->forget(*this);
    on_stack_gone();
}

void listening::on_stack_gone() noexcept {
    stack_ = nullptr;
    for (auto& s : ready_) s.abort();
    ready_.clear();
    if (waiter_) std::exchange(waiter_, std::nullopt)->set_value(std::nullopt);
}

}  // namespace millrace::tcp
