// The client's end, one per shard: opens its share of the connections and runs the workload on each.
#pragma once

#include "apps/perf/measurement.hh"
#include "apps/perf/pattern.hh"
#include "apps/perf/settings.hh"
#include "core/abort.hh"
#include "core/future.hh"
#include "core/timer.hh"
#include "net/network.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::perf {

class client {
 public:
    // Of `shards`, this one is number `shard`. Both references must outlive it.
    client(const settings& s, const pattern& p, unsigned shard, unsigned shards);

    // Resolves when the time is over, something failed, or `stop` was asked for; never fails: outcome()
    // tells.
    future<> run(net::network& network, abort_source& stop);
    const measurement& outcome() const noexcept { return outcome_; }

 private:
    // What one connection is about.
    struct worker {
        net::stream stream;
        uint64_t sent = 0;  // bytes of the pattern, since its beginning
        uint64_t received = 0;
    };
    class giving_up final : public timer {
     public:
        explicit giving_up(client& c) noexcept : client_(c) {}

     private:
        void on_expire() noexcept override { client_.give_up(); }
        client& client_;
    };

    future<> connect(worker& w);
    future<> connect_all();
    future<> guarded(worker& w, future<> (client::*part)(worker&));
    future<> work(worker& w);
    future<> ask(worker& w);
    future<> receive_answer(worker& w);
    future<> connect_and_ask(worker& w);
    future<> streaming(worker& w);
    future<> send_stream(worker& w);
    future<> receive_stream(worker& w);
    future<> receive_count(worker& w);

    void record(time_point asked) noexcept;
    void check(const worker& w, std::string_view bytes);
    void start_clock();
    void end_clock() noexcept;
    void stop(std::string why);
    void give_up() noexcept;
    bool over(time_point now) const noexcept { return stopping_ || now >= end_; }
    bool measuring(time_point t) const noexcept { return t >= measure_from_ && t < end_; }
    time_point now() const noexcept;

    const settings& settings_;
    const pattern& pattern_;
    net::network* network_ = nullptr;
    std::vector<worker> workers_;
    size_t next_to_connect_ = 0;
    time_point measure_from_ = never;
    time_point end_ = never;
    bool stopping_ = false;
    bool gave_up_ = false;
    giving_up giving_up_{*this};
    measurement outcome_;
};

}  // namespace millrace::perf
