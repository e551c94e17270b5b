#include "apps/perf/progress.hh"

#include "apps/perf/report.hh"
#include "core/abort.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "core/sleep.hh"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <unistd.h>

namespace millrace::perf {

namespace {

constexpr duration interval = std::chrono::seconds(1);

void show(const std::string& line, bool terminal) {
    if (terminal)
        fmt::print(stderr, "\r{}\033[K", line);
    else
        fmt::print(stderr, "{}\n", line);
    std::fflush(stderr);
}

// Until aborted, which is no failure.
future<> show_progress(const settings& s, std::function<future<std::vector<measurement>>()> look,
                       bool terminal, abort_source& end) {
    const time_point begin = reactor::current().now();
    time_point last = begin;
    auto before = std::make_unique<measurement>();
    while (true) {
        future<> pause = sleep_abortable(interval, end);
        co_await settled(pause);
        if (pause.failed()) {
            pause.ignore_ready_future();
            break;
        }
        auto now = std::make_unique<measurement>(sum_of(co_await look()));
        const time_point t = reactor::current().now();
        show(fmt::format("{:.0f} s: {}", std::chrono::duration<double>(t - begin).count(),
                         progress_line(*now, *before, t - last, s)),
             terminal);
        before = std::move(now);
        last = t;
    }
    if (terminal) fmt::print(stderr, "\r\033[K");
}

}  // namespace

future<> with_progress(const settings& s, std::function<future<std::vector<measurement>>()> look,
                       future<> measuring) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    if (!terminal && !s.progress) co_return co_await std::move(measuring);
    abort_source end;
    future<> showing = show_progress(s, std::move(look), terminal, end);
    co_await settled(measuring);
    end.request_abort();
    co_await std::move(showing);
    co_await std::move(measuring);
}

}  // namespace millrace::perf
