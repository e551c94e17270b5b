#include "core/sleep.hh"

#include "core/reactor.hh"
#include "core/timer.hh"

#include <source_location>

namespace millrace {

namespace {

class sleeper final : public producer, public timer, public frame_cached {
 public:
    future<> start(time_point deadline) {
        enlist();
        arm(deadline);
        return future<>(*this);
    }
    void drop() noexcept override { delete this; }

 private:
    void on_expire() noexcept override {
        resolve<void>();
        delete this;
    }
};

class abortable_sleeper final : public producer,
                                public timer,
                                public abort_subscription,
                                public frame_cached {
 public:
    explicit abortable_sleeper(abort_source& source) noexcept : source_(source) {}
    future<> start(time_point deadline) {
        enlist();
        arm(deadline);
        source_.subscribe(*this);
        return future<>(*this);
    }
    void drop() noexcept override { delete this; }

 private:
    void on_expire() noexcept override {
        resolve<void>();
        delete this;
    }
    void on_abort() noexcept override {
        if (!abandoned()) fail({source_.reason(), std::source_location::current()});
        delete this;
    }
    abort_source& source_;
};

class yielded final : public producer, public task, public frame_cached {
 public:
    future<> start() noexcept {
        enlist();
        schedule(*this);
        return future<>(*this);
    }
    void run() noexcept override {
        resolve<void>();
        delete this;
    }
    void drop() noexcept override { delete this; }
};

}  // namespace

future<> sleep_until(time_point deadline) {
    return (new sleeper)->start(deadline);
}

future<> sleep(duration delay) {
    return sleep_until(reactor::current().after(delay));
}

future<> sleep_abortable(duration delay, abort_source& source) {
    if (source.abort_requested()) return make_exception_future<>(source.reason());
    return (new abortable_sleeper(source))->start(reactor::current().after(delay));
}

future<> yield() {
    return (new yielded)->start();
}

}  // namespace millrace
