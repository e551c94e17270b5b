#include "core/background.hh"

#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/scheduler/background_work.hh"

#include <utility>

namespace millrace {

namespace {

logger log("background");

void report(future<>& done) noexcept {
    if (done.failed())
        log.error("failed: {}", describe(done.get_failure()));
    else
        done.ignore_ready_future();
}

future<> watch(future<> work) {
    background_work::member counted(background_work::current());
    co_await settled(work);
    report(work);
}

}  // namespace

background_work& background_work::current() {
    auto& of_shard = run_queue::current().background_;
    if (!of_shard) of_shard = std::make_unique<background_work>();
    return *of_shard;
}

void background(future<> work) noexcept {
    if (work.available()) return report(work);
    // What watch() returns says nothing: it cannot fail.
    [[maybe_unused]] auto watching = watch(std::move(work));
}

size_t background_count() noexcept {
    return background_work::current().count();
}

future<> background_done() {
    return background_work::current().done();
}

}  // namespace millrace
