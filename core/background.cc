#include "core/background.hh"

#include "core/frame_cache.hh"
#include "core/log.hh"
#include "core/scheduler/background_work.hh"

#include <utility>

namespace millrace {

namespace {

logger log("background");

void take_outcome(future<>& done) noexcept {
    if (done.failed())
        background_work::report(done.get_failure());
    else
        done.ignore_ready_future();
}

// Waits for what is no coroutine: those know themselves that they are in the background, as a service has
// one for each connection.
class watched final : public producer_link, public task, public frame_cached {
 public:
    explicit watched(future<>&& work) noexcept : work_(std::move(work)) {
        background_work::current().enter();
        enlist();
        work_.notify(*this);
    }
    ~watched() { background_work::current().leave(); }

    void run() noexcept override {
        take_outcome(work_);
        delete this;
    }
    void drop() noexcept override { delete this; }

 private:
    future<> work_;
};

}  // namespace

background_work& background_work::current() {
    auto& of_shard = run_queue::current().background_;
    if (!of_shard) of_shard = std::make_unique<background_work>();
    return *of_shard;
}

void background_work::report(const failure& f) noexcept {
    log.error("failed: {}", describe(f));
}

void background(future<> work) noexcept {
    if (work.available()) return take_outcome(work);
    if (!work.detach_to_background()) new watched(std::move(work));  // until it is over
}

size_t background_count() noexcept {
    return background_work::current().count();
}

future<> background_done() {
    return background_work::current().done();
}

}  // namespace millrace
