#include "core/shard.hh"

#include "core/metrics.hh"
#include "core/os/cpu.hh"
#include "core/smp/post_office.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <thread>

namespace millrace {

namespace {

void check_cpus(const shards_options& options) {
    if (options.cpus.empty()) return;
    if (options.cpus.size() < options.count)
        throw std::invalid_argument(
            fmt::format("{} shards do not fit on {} CPUs", options.count, options.cpus.size()));
    const auto usable = usable_cpus();
    for (unsigned cpu : options.cpus)
        if (!std::binary_search(usable.begin(), usable.end(), cpu))
            throw std::invalid_argument(fmt::format("CPU {} is not there for this process", cpu));
}

reactor_options options_of(shard_id s, const shards_options& group) {
    return {.shard = s,
            .shards = group.count,
            .time = group.time,
            .seed = group.seed + s * 0x9e3779b97f4a7c15u,
            .idle = group.idle,
            .spin = group.spin,
            .stall = group.stall};
}

unsigned parse_cpu(std::string_view number, std::string_view text) {
    unsigned cpu = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), cpu);
    if (error != std::errc() || end != number.data() + number.size() || cpu >= 4096)
        throw std::invalid_argument(fmt::format("'{}' is not a list of CPUs such as 0-3,6", text));
    return cpu;
}

}  // namespace

// The reactor goes first: what still waits on it may hold parcels.
struct shards::member {
    member(post_office& office, const reactor_options& options)
        : mail(office, options.shard), loop(options), metrics(loop.metrics(), "mailbox") {
        loop.set_mailbox(&mail);
        loop.add(mail, work_kind::mailboxes);
        const mailbox_counters& c = mail.counters();
        metrics.counter("sent", "parcels sent to other shards", c.sent)
            .counter("received", "parcels from other shards", c.received)
            .counter("batches", "times parcels were handed over together", c.batches)
            .counter("overflowed", "parcels that waited because a ring was full", c.overflowed)
            .counter("refused", "parcels not accepted because a ring was full", c.refused)
            .counter("wakeups", "sleeping shards woken", c.wakeups)
            .gauge("waiting", "parcels that wait because a ring is full",
                   [this] { return double(mail.waiting()); });
    }

    mailbox mail;
    reactor loop;
    metric_group metrics;
};

shards::shards(const shards_options& options) : options_(options) {
    check_cpus(options);
    office_ = std::make_unique<post_office>(options.count, options.ring_capacity, options.time == nullptr);
    for (shard_id s = 0; s < options.count; ++s)
        members_.push_back(std::make_unique<member>(*office_, options_of(s, options)));
}

shards::~shards() {
    bool worked = true;
    while (worked) {
        worked = false;
        for (auto& m : members_) worked |= m->loop.turn();
    }
    for (auto& m : members_) m->loop.end();
}

reactor& shards::at(shard_id s) noexcept {
    CHECK(s < members_.size());
    return members_[s]->loop;
}

void shards::run(const std::function<future<>()>& main) {
    CHECK(options_.time == nullptr);
    std::exception_ptr failure;
    std::optional<pinned_to_cpu> pin;
    std::vector<std::thread> threads;
    try {
        for (shard_id s = 1; s < count(); ++s) threads.emplace_back([this, s] { work(s); });
        if (!options_.cpus.empty()) pin.emplace(options_.cpus[0]);
        failure = run_first(main);
        come_to_rest();
    } catch (...) {
        failure = std::current_exception();  // no more threads to be had, or not on this CPU
    }
    office_->enter(post_office::phase::closed);
    at(0).run();
    at(0).end();
    for (std::thread& t : threads) t.join();
    if (failure) std::rethrow_exception(failure);
}

void shards::work(shard_id s) noexcept {
    std::optional<pinned_to_cpu> pin;
    if (!options_.cpus.empty()) pin.emplace(options_.cpus[s]);
    sharpen_sleep();
    at(s).run();
    at(s).end();
}

// Returns what `main` failed with.
std::exception_ptr shards::run_first(const std::function<future<>()>& main) {
    sharpen_sleep();
    reactor& first = at(0);
    std::exception_ptr failure;
    reactor::scope here(first);
    future<> done = futurize_invoke(main).then_wrapped([&](future<> f) noexcept {
        if (f.failed())
            failure = f.get_exception();
        else
            f.get();
        first.stop();
    });
    first.run();
    done.get();
    return failure;
}

void shards::come_to_rest() {
    office_->enter(post_office::phase::draining);
    reactor& first = at(0);
    while (!office_->at_rest([&] { first.turn(); })) {
    }
}

std::vector<unsigned> available_cpus() {
    return usable_cpus();
}

std::vector<unsigned> parse_cpus(std::string_view text) {
    std::vector<unsigned> cpus;
    std::string_view rest = text;
    while (true) {
        const size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view range = rest.substr(0, comma);
        const size_t dash = range.find('-');
        const unsigned first = parse_cpu(range.substr(0, dash), text);
        const unsigned last = dash == range.npos ? first : parse_cpu(range.substr(dash + 1), text);
        if (last < first) throw std::invalid_argument(fmt::format("'{}' counts CPUs backwards", text));
        for (unsigned cpu = first; cpu <= last; ++cpu) {
            if (std::find(cpus.begin(), cpus.end(), cpu) != cpus.end())
                throw std::invalid_argument(fmt::format("'{}' names CPU {} twice", text, cpu));
            cpus.push_back(cpu);
        }
        if (comma == rest.size()) return cpus;
        rest.remove_prefix(comma + 1);
    }
}

}  // namespace millrace
