#include "core/thread.hh"

#include "core/frame_cache.hh"
#include "core/memory/stack.hh"
#include "core/sanitizer.hh"

#include <boost/context/detail/fcontext.hpp>

#include <cstring>
#include <cxxabi.h>
#include <utility>

namespace millrace {

namespace detail {

namespace {

thread_local thread* current_thread = nullptr;

// Thrown at what waits when the shard ends.
struct shard_ends {};

// The C++ runtime keeps its stack of exceptions being handled per system thread; each of ours needs its own.
struct exception_state {
    void* caught = nullptr;
    unsigned uncaught = 0;

    void swap_with_runtime() noexcept {
        exception_state running;
        void* globals = abi::__cxa_get_globals();
        std::memcpy(&running, globals, sizeof running);
        std::memcpy(globals, this, sizeof *this);
        *this = running;
    }
};

}  // namespace

struct thread::machine : frame_cached {
    explicit machine(thread& t) : owner(t) {
        own = boost::context::detail::make_fcontext(memory.top(), stack::size_bytes, &machine::enter);
    }

    // Onto this stack, until it leaves.
    void resume() noexcept {
        thread* before = std::exchange(current_thread, &owner);
        exceptions.swap_with_runtime();
        void* fake_stack = nullptr;
        sanitizer::start_switch(&fake_stack, memory.bottom(), stack::size_bytes);
        own = boost::context::detail::jump_fcontext(own, this).fctx;
        sanitizer::finish_switch(fake_stack, nullptr, nullptr);
        exceptions.swap_with_runtime();
        current_thread = before;
    }
    // Back to where resume() was called, until it is called again.
    void leave() noexcept {
        void* fake_stack = nullptr;
        sanitizer::start_switch(finished ? nullptr : &fake_stack, caller_bottom, caller_size);
        arrive(boost::context::detail::jump_fcontext(caller, nullptr), fake_stack);
    }
    void arrive(boost::context::detail::transfer_t from, void* fake_stack) noexcept {
        sanitizer::finish_switch(fake_stack, &caller_bottom, &caller_size);
        caller = from.fctx;
    }
    static void enter(boost::context::detail::transfer_t from) noexcept {
        auto* self = static_cast<machine*>(from.data);
        self->arrive(from, nullptr);
        self->owner.body();
        self->finished = true;
        self->leave();
    }

    thread& owner;
    stack memory;
    exception_state exceptions;
    boost::context::detail::fcontext_t own;
    boost::context::detail::fcontext_t caller = nullptr;
    const void* caller_bottom = nullptr;
    size_t caller_size = 0;
    bool finished = false;
    bool unwinding = false;
};

thread::thread() : machine_(std::make_unique<machine>(*this)) {}

thread::~thread() = default;

void thread::run() noexcept {
    machine_->resume();
    if (machine_->finished) destroy();
}

void thread::drop() noexcept {
    machine_->unwinding = true;
    run();
}

void thread::wait_for(future_base& f) {
    if (!machine_->unwinding) {
        f.notify(*this);
        machine_->leave();
    }
    if (machine_->unwinding) throw shard_ends();
}

}  // namespace detail

bool inside_thread() noexcept {
    return detail::current_thread != nullptr;
}

void future_base::wait_in_thread() {
    // Outside of async() only an available future can be asked.
    CHECK(inside_thread());
    detail::current_thread->wait_for(*this);
}

}  // namespace millrace
