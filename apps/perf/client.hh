// The client's end, one per shard: opens its share of the connections and runs the workload on each.
//
// A connection that asks and is answered has one coroutine, which reads; asking is a plain call from where
// the last answer was complete (closed loop), or from one timer of the shard at the time that the request is
// due (open loop).
#pragma once

#include "apps/perf/measurement.hh"
#include "apps/perf/pattern.hh"
#include "apps/perf/resp.hh"
#include "apps/perf/schedule.hh"
#include "apps/perf/settings.hh"
#include "core/abort.hh"
#include "core/future.hh"
#include "core/promise.hh"
#include "core/timer.hh"
#include "net/network.hh"

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace millrace::perf {

class client {
 public:
    // Of `shards`, this one is number `shard`. Both references must outlive it and its connections.
    client(const settings& s, const pattern& p, unsigned shard, unsigned shards);

    // Resolves when the time is over, something failed, or `stop` was asked for; never fails: outcome()
    // tells.
    future<> run(net::network& network, abort_source& stop);
    // As far as it came.
    const measurement& outcome() noexcept;

 private:
    // What one connection is about.
    struct worker {
        net::stream stream;
        uint64_t sent = 0;  // bytes of the pattern, since its beginning
        uint64_t received = 0;
        time_point due{};          // what is under way was due, or was sent
        uint64_t next_number = 0;  // open loop: of the schedule
        uint32_t late = 0;         // open loop: requests due while another was under way
        uint32_t asked = 0;        // resp: requests under way
        bool idle = false;         // open loop: waits for its turn
        bool finished = false;     // asks no more
        resp_dialect::progress replies;
        buffer requests;  // resp: their bytes, used again
        future<> writing = make_ready_future<>();
        std::optional<promise<>> turn;  // crr in an open loop
    };
    // Calls one of the client's functions.
    class alarm final : public timer {
     public:
        alarm(client& c, void (client::*f)() noexcept) noexcept : client_(c), call_(f) {}

     private:
        void on_expire() noexcept override { (client_.*call_)(); }
        client& client_;
        void (client::*call_)() noexcept;
    };
    using part = future<> (client::*)(worker&);

    // Its life.
    future<> prepare();
    future<> on_some(size_t at_once, part p);
    future<> one_after_another(part p);
    future<> guarded(worker& w, part p);
    future<> connect(worker& w);
    std::string why_not_connected(const std::system_error& e) const;
    void start_clock();
    void begin_measuring() noexcept;
    void end_measuring() noexcept;
    void look_for_progress() noexcept;
    void stop(std::string why);
    void finish_idle() noexcept;
    void give_up() noexcept;
    bool over(time_point now) const noexcept { return stopping_ || now >= end_; }
    bool measuring(time_point t) const noexcept { return t >= measure_from_ && t < end_; }
    time_point now() const noexcept { return clock_->now(); }

    // Requests and answers.
    future<> work(worker& w);
    future<> converse(worker& w);
    future<> connect_and_ask(worker& w);
    future<> crr(worker& w);
    future<> my_turn(worker& w);
    future<> preload(worker& w);
    bool may_ask(worker& w, time_point t) noexcept;
    void ask(worker& w) noexcept;
    future<> receive_answer(worker& w);
    void put_requests(worker& w) noexcept;
    void compose(worker& w) noexcept;
    bool take(worker& w, std::string_view bytes);
    void record(worker& w, time_point t) noexcept;
    void answered(worker& w, time_point t) noexcept;
    void on_due() noexcept;
    resp_request draw() noexcept;
    std::span<resp_request> requests_of(const worker& w) noexcept;

    // Streams.
    future<> streaming(worker& w);
    future<> send_stream(worker& w);
    future<> receive_stream(worker& w);
    future<> receive_count(worker& w);
    void check(const worker& w, std::string_view bytes) const;

    const settings& settings_;
    const pattern& pattern_;
    unsigned shard_;
    unsigned shards_;
    millrace::clock* clock_;
    net::network* network_ = nullptr;
    std::vector<worker> workers_;
    uint64_t begun_ = 0;      // connections, but those that failed
    size_t next_worker_ = 0;  // of those that get something one after another

    resp_dialect dialect_;
    std::vector<resp_request> asked_;  // resp: those under way, of each worker
    unsigned asked_of_each_ = 0;
    uint32_t first_key_;
    uint32_t keys_;
    uint32_t next_key_ = 0;  // of those to be stored
    uint64_t random_;

    schedule schedule_;
    uint64_t next_due_ = 0;
    uint64_t left_;  // requests to ask

    time_point measure_from_ = never;
    time_point end_ = never;
    time_point last_answer_{};
    duration cpu_before_{};
    std::optional<duration> server_cpu_before_;
    uint64_t progress_seen_ = 0;
    bool stopping_ = false;
    bool gave_up_ = false;
    alarm begin_{*this, &client::begin_measuring};
    alarm ending_{*this, &client::end_measuring};
    alarm watch_{*this, &client::look_for_progress};
    alarm giving_up_{*this, &client::give_up};
    alarm pacer_{*this, &client::on_due};
    measurement outcome_;
};

// Ends a connection's part of the workload for a reason that is a sentence.
struct measurement_failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace millrace::perf
