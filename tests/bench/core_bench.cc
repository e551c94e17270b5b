// Nanoseconds per use of core's primitives: the median of several rounds of each, one line per primitive. Of
// CPU time, which suffers less from neighbours than the time of day; between shards, of the time of day.
//
//   millrace-core-bench [--only KEY]                   measures all, or one
//   millrace-core-bench --list                         the keys
//   millrace-core-bench --only KEY --operations N      uses it N times exactly, in one call of
//   counted_round()
//                                                      after a warm-up, to be counted:
//   valgrind --tool=callgrind --toggle-collect=counted_round millrace-core-bench --only KEY --operations
//   100000
#include "core/buffer.hh"
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
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
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

using round_function = std::function<void(uint64_t)>;  // does the thing so many times

}  // namespace

// Not inlined and with a plain name, so that a profiler can be told to count it and nothing else.
extern "C" [[gnu::noinline]] void counted_round(const round_function& round, uint64_t operations) {
    round(operations);
}

namespace {

struct options {
    std::string_view only;
    std::optional<uint64_t> operations;
    bool list = false;
};

class bench {
 public:
    explicit bench(const options& o) noexcept : options_(o) {}

    void operator()(std::string_view key, std::string_view name, uint64_t n, const round_function& round) {
        if (!wanted(key, name)) return;
        if (options_.operations) {
            round(1000);
            counted_round(round, *options_.operations);
            fmt::print("{}: {} operations\n", key, *options_.operations);
            return;
        }
        round(n / 10);
        std::vector<double> results;
        for (int i = 0; i < rounds; ++i) {
            double begin = cpu_nanoseconds();
            round(n);
            results.push_back((cpu_nanoseconds() - begin) / double(n));
        }
        print(name, std::move(results));
    }
    // Asked for; lists it if that is what is asked for.
    bool wanted(std::string_view key, std::string_view name) {
        if (options_.list) fmt::print("{:<20} {}\n", key, name);
        if (options_.list || (!options_.only.empty() && options_.only != key)) return false;
        found_ = true;
        return true;
    }
    bool counts() const noexcept { return options_.operations.has_value(); }
    bool found() const noexcept { return found_ || options_.list; }

 private:
    const options& options_;
    bool found_ = false;
};

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
void measure_then(bench& measure) {
    uint64_t sum = 0;
    measure("then-ready", "then on a ready future", 1'000'000, [&](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) {
            auto f = make_ready_future<uint64_t>(i);
            keep(f);
            sum += f.then([](uint64_t v) { return v + 1; }).get();
        }
    });
    keep(sum);
}

void measure_ready(bench& measure, reactor& r) {
    uint64_t sum = 0;
    measure("await-ready", "co_await of a ready future", 1'000'000,
            [&](uint64_t n) { finish(r, await_ready_futures(n, sum)); });
    measure("call-ready", "call and co_await of a ready coroutine", 1'000'000,
            [&](uint64_t n) { finish(r, call_ready_coroutines(n, sum)); });
    keep(sum);
}

void measure_waiting(bench& measure, reactor& r) {
    uint64_t sum = 0;
    measure("promise-waiter", "promise to a waiting coroutine, resumed", 300'000, [&](uint64_t n) {
        promise<uint64_t> p;
        auto f = wait_for_promises(n, p, sum);
        run_queue& tasks = run_queue::current();
        while (!f.available()) {
            p.set_value(1);
            tasks.run(1);
        }
        f.get();
    });
    measure("then-pending", "then on a pending future, resolved and run", 300'000, [&](uint64_t n) {
        run_queue& tasks = run_queue::current();
        for (uint64_t i = 0; i < n; ++i) {
            promise<uint64_t> p;
            auto f = p.get_future().then([](uint64_t v) { return v + 1; });
            p.set_value(i);
            tasks.run(1);
            sum += f.get();
        }
    });
    measure("yield", "yield through the run queue", 300'000, [&](uint64_t n) { finish(r, yield_often(n)); });
    measure("semaphore-free", "semaphore wait and signal, free", 1'000'000, [&](uint64_t n) {
        semaphore s(1);
        finish(r, use_semaphore(n, s));
    });
    measure("semaphore-handed", "semaphore handed from waiter to waiter", 300'000, [&](uint64_t n) {
        semaphore a(1), b(0);
        auto first = take_and_pass(n / 2, a, b);
        finish(r, take_and_pass(n / 2, b, a));
        finish(r, std::move(first));
    });
    measure("thread-block", "stackful thread: block and go on", 100'000, [&](uint64_t n) {
        finish(r, async([n] {
                   for (uint64_t i = 0; i < n; ++i) yield().get();
               }));
    });
    measure("thread-call", "call of async()", 30'000, [&](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) async([] {}).get();
    });
    keep(sum);
}

void measure_timers(bench& measure, reactor& r) {
    callback_timer t([] {});
    measure("timer-arm-cancel", "timer arm and cancel", 1'000'000, [&](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) {
            t.arm(r.now() + std::chrono::milliseconds(1 + i % 256));
            t.cancel();
        }
    });
    measure("timer-later", "timer moved later while armed", 1'000'000, [&](uint64_t n) {
        const time_point start = r.now() + std::chrono::milliseconds(1);
        for (uint64_t i = 0; i < n; ++i) t.arm(start + std::chrono::nanoseconds(i));
        t.cancel();
    });
}

void measure_buffers(bench& measure) {
    measure("buffer-copy", "small buffer copied and dropped", 1'000'000, [](uint64_t n) {
        for (uint64_t i = 0; i < n; ++i) {
            buffer b = buffer::copy_of("GET key:000000000042\r\n");
            keep(b);
        }
    });
}

future<> call_shard(shard_id s, uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) co_await submit_to(s, [] {});
}

// Not counted by operations: what the other shard does meanwhile depends on the machine.
future<> measure_shards(bench& measure) {
    constexpr std::string_view keys[] = {"submit-own", "submit-other"};
    constexpr std::string_view names[] = {"submit_to the own shard", "submit_to another shard and back"};
    for (unsigned s = 0; s < shard_count(); ++s) {
        if (!measure.wanted(keys[s], names[s])) continue;
        constexpr uint64_t n = 20'000;
        std::vector<double> results;
        for (int i = 0; i < rounds; ++i) {
            auto begin = steady_clock::now();
            co_await call_shard(s, n);
            results.push_back(nanoseconds(begin, steady_clock::now(), n));
        }
        print(names[s], std::move(results));
    }
}

// None if they cannot be used.
std::optional<options> parse(int argc, char** argv) {
    options o;
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag = argv[i];
        if (flag == "--list") {
            o.list = true;
        } else if (flag == "--only" && i + 1 < argc) {
            o.only = argv[++i];
        } else if (flag == "--operations" && i + 1 < argc) {
            const char* text = argv[++i];
            const char* end = text + std::strlen(text);
            const auto [stop, error] = std::from_chars(text, end, o.operations.emplace());
            if (error != std::errc() || stop != end) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    if (o.operations && o.only.empty()) return std::nullopt;
    return o;
}

void measure_all(bench& measure) {
    measure_then(measure);
    {
        reactor r;
        reactor::scope here(r);
        measure_ready(measure, r);
        measure_waiting(measure, r);
        measure_timers(measure, r);
        measure_buffers(measure);
    }
    if (measure.counts()) return;
    auto cpus = available_cpus();
    cpus.resize(std::min<size_t>(cpus.size(), 2));
    shards group({.count = unsigned(cpus.size()), .cpus = cpus, .idle = idle_policy::spin});
    group.run([&] { return measure_shards(measure); });
}

}  // namespace

int main(int argc, char** argv) {
    const std::optional<options> o = parse(argc, argv);
    if (!o) {
        fmt::print(stderr, "usage: millrace-core-bench [--list] [--only KEY [--operations N]]\n");
        return 2;
    }
    bench measure(*o);
    measure_all(measure);
    if (measure.found()) return 0;
    fmt::print(stderr, "millrace-core-bench: there is no '{}' to count; --list has the keys\n", o->only);
    return 2;
}
