// Nanoseconds per use of core's primitives: the median of several rounds of each, one line per primitive. Of
// CPU time, which suffers less from neighbours than the time of day; between shards, of the time of day.
#include "core/coroutine.hh"
#include "core/promise.hh"
#include "core/reactor.hh"
#include "core/semaphore.hh"
#include "core/shard.hh"
#include "core/sleep.hh"
#include "core/thread.hh"
#include "core/timer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <time.h>
#include <vector>

using namespace millrace;

namespace {

using std::chrono::steady_clock;

// Keeps the compiler from computing results ahead.
template <typename T>
[[gnu::always_inline]] inline void keep(T& value) {
    asm volatile("" : "+m"(value) : : "memory");
}

constexpr int rounds = 15;

double cpu_nanoseconds() {
    timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return double(used.tv_sec) * 1e9 + double(used.tv_nsec);
}

double nanoseconds(steady_clock::time_point begin, steady_clock::time_point end, uint64_t n) {
    return std::chrono::duration<double, std::nano>(end - begin).count() / double(n);
}

void print(std::string_view name, std::vector<double> results) {
    std::sort(results.begin(), results.end());
    fmt::print("{:<44} {:>9.1f} ns   (best {:.1f})\n", name, results[results.size() / 2], results.front());
    std::fflush(stdout);
}

// round(n) does the thing n times.
template <typename F>
void measure(std::string_view name, uint64_t n, F round) {
    round(n / 10);
    std::vector<double> results;
    for (int i = 0; i < rounds; ++i) {
        double begin = cpu_nanoseconds();
        round(n);
        results.push_back((cpu_nanoseconds() - begin) / double(n));
    }
    print(name, std::move(results));
}

future<> await_ready_futures(uint64_t n, uint64_t& sum) {
    for (uint64_t i = 0; i < n; ++i) sum += co_await make_ready_future<uint64_t>(i);
}

[[gnu::noinline]] future<uint64_t> ready_coroutine(uint64_t v) {
    co_return v;
}

future<> call_ready_coroutines(uint64_t n, uint64_t& sum) {
    for (uint64_t i = 0; i < n; ++i) sum += co_await ready_coroutine(i);
}

future<> wait_for_promises(uint64_t n, promise<uint64_t>& p, uint64_t& sum) {
    for (uint64_t i = 0; i < n; ++i) {
        p = promise<uint64_t>();
        sum += co_await p.get_future();
    }
}

future<> yield_often(uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) co_await yield();
}

future<> use_semaphore(uint64_t n, semaphore& s) {
    for (uint64_t i = 0; i < n; ++i) {
        co_await s.wait();
        s.signal();
    }
}

// Two of these hand one unit to and fro.
future<> take_and_pass(uint64_t n, semaphore& mine, semaphore& other) {
    for (uint64_t i = 0; i < n; ++i) {
        co_await mine.wait();
        other.signal();
    }
}

// Runs what is ready until f is.
void finish(reactor& r, future<> f) {
    while (!f.available()) r.turn();
    f.get();
}

// Outside of a shard, where nothing is ever put off to the next task.
void measure_then() {
    uint64_t sum = 0;
    measure("then on a ready future", 1'000'000, [&](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) {
            auto f = make_ready_future<uint64_t>(i);
            keep(f);
            sum += f.then([](uint64_t v) { return v + 1; }).get();
        }
    });
    keep(sum);
}

void measure_ready(reactor& r) {
    uint64_t sum = 0;
    measure("co_await of a ready future", 1'000'000,
            [&](uint64_t n) { finish(r, await_ready_futures(n, sum)); });
    measure("call and co_await of a ready coroutine", 1'000'000,
            [&](uint64_t n) { finish(r, call_ready_coroutines(n, sum)); });
    keep(sum);
}

void measure_waiting(reactor& r) {
    uint64_t sum = 0;
    measure("promise to a waiting coroutine, resumed", 300'000, [&](uint64_t n) {
        promise<uint64_t> p;
        auto f = wait_for_promises(n, p, sum);
        run_queue& tasks = run_queue::current();
        while (!f.available()) {
            p.set_value(1);
            tasks.run(1);
        }
        f.get();
    });
    measure("then on a pending future, resolved and run", 300'000, [&](uint64_t n) {
        run_queue& tasks = run_queue::current();
        for (uint64_t i = 0; i < n; ++i) {
            promise<uint64_t> p;
            auto f = p.get_future().then([](uint64_t v) { return v + 1; });
            p.set_value(i);
            tasks.run(1);
            sum += f.get();
        }
    });
    measure("yield through the run queue", 300'000, [&](uint64_t n) { finish(r, yield_often(n)); });
    measure("semaphore wait and signal, free", 1'000'000, [&](uint64_t n) {
        semaphore s(1);
        finish(r, use_semaphore(n, s));
    });
    measure("semaphore handed from waiter to waiter", 300'000, [&](uint64_t n) {
        semaphore a(1), b(0);
        auto first = take_and_pass(n / 2, a, b);
        finish(r, take_and_pass(n / 2, b, a));
        finish(r, std::move(first));
    });
    measure("stackful thread: block and go on", 100'000, [&](uint64_t n) {
        finish(r, async([n] {
                   for (uint64_t i = 0; i < n; ++i) yield().get();
               }));
    });
    measure("call of async()", 30'000, [&](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) async([] {}).get();
    });
    keep(sum);
}

void measure_timers(reactor& r) {
    callback_timer t([] {});
    measure("timer arm and cancel", 1'000'000, [&](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) {
            t.arm(r.now() + std::chrono::milliseconds(1 + i % 256));
            t.cancel();
        }
    });
    measure("timer moved later while armed", 1'000'000, [&](uint64_t n) {
        const time_point start = r.now() + std::chrono::milliseconds(1);
        for (uint64_t i = 0; i < n; ++i) t.arm(start + std::chrono::nanoseconds(i));
        t.cancel();
    });
}

future<> call_shard(shard_id s, uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) co_await submit_to(s, [] {});
}

future<> measure_shards() {
    for (unsigned s = 0; s < shard_count(); ++s) {
        constexpr uint64_t n = 20'000;
        std::vector<double> results;
        for (int i = 0; i < rounds; ++i) {
            auto begin = steady_clock::now();
            co_await call_shard(s, n);
            results.push_back(nanoseconds(begin, steady_clock::now(), n));
        }
        print(s == 0 ? "submit_to the own shard" : "submit_to another shard and back", std::move(results));
    }
}

}  // namespace

int main() {
    measure_then();
    {
        reactor r;
        reactor::scope here(r);
        measure_ready(r);
        measure_waiting(r);
        measure_timers(r);
    }
    auto cpus = available_cpus();
    cpus.resize(std::min<size_t>(cpus.size(), 2));
    shards group({.count = unsigned(cpus.size()), .cpus = cpus, .idle = idle_policy::spin});
    group.run(measure_shards);
}
