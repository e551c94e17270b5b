#include "core/background.hh"

#include "core/frame_cache.hh"
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

// A piece of work that is not over yet. A service has one for each connection: it is smaller than a
// coroutine's frame.
class watched final : public producer_link, public task, public frame_cached {
 public:
    explicit watched(future<>&& work) noexcept : work_(std::move(work)) {
        background_work::current().enter();
        enlist();
        work_.notify(*this);
    }
    ~watched() { background_work::current().leave(); }

    void run() noexcept override {
        report(work_);
        delete this;
    }
    void drop() noexcept override { delete this; }

 private:
    future<> work_;
};
static_assert(sizeof(watched) == frame_cache::granule);

}  // namespace

background_work& background_work::current() {
    auto& of_shard = run_queue::current().background_;
    if (!of_shard) of_shard = std::make_unique<background_work>();
    return *of_shard;
}

void background(future<> work) noexcept {
    if (work.available()) return report(work);
    new watched(std::move(work));  // until it is over
}

size_t background_count() noexcept {
    return background_work::current().count();
}

future<> background_done() {
    return background_work::current().done();
}

}  // namespace millrace
