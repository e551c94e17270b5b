// Two connections of ours and the pipe between them, in virtual time: everything that happens follows from
// one seed.
#pragma once

#include "core/time.hh"
#include "tcp/connection/connection.hh"
#include "tcp/settings.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace millrace::tcp::script {

// What a pipe does to segments, each way. Probabilities from 0 to 1.
struct pipe_sins {
    double loss = 0;
    double duplicate = 0;
    double reorder = 0;  // delayed by up to four times the delay
    double mark = 0;     // of what may be: CE
    duration delay = std::chrono::milliseconds(10);
};

struct pair_options {
    uint32_t seed = 1;
    pipe_sins sins = {};
    tcp::settings ours = {};  // of the end that opens
    tcp::settings theirs = {};
    bool simultaneous = false;             // both ends open actively
    bool short_ways = true;                // asked first, as a host does
    bool bursts = false;                   // what arrives at one time is taken before anything is answered
    size_t bytes[2] = {100'000, 100'000};  // that each end sends, then finishes
};

// Each end writes a stream, finishes, and reads to the end.
class pair {
 public:
    explicit pair(const pair_options& o);

    // Until both ends are over, or nothing can happen any more, or an hour has gone.
    void run();

    bool both_over() const;
    // What end `i` has read is what the other has sent.
    bool all_arrived(int i) const;
    connection& end(int i) { return *ends_[size_t(i)].tcp; }
    duration elapsed() const { return now_ - began_; }
    // All that was sent, and what the ends came to: equal for pairs that behaved alike.
    const std::string& trace() const { return trace_; }
    // Segments that went, or came, the short way.
    unsigned sent_plainly() const { return sent_plainly_; }
    unsigned arrived_plainly() const { return arrived_plainly_; }
    // Of those that came, segments that were taken as one with the one before them.
    unsigned merged() const { return merged_; }
    // Of those sent, segments that were made one with the one before them.
    unsigned prolonged() const { return prolonged_; }
    std::string report() const;

 private:
    struct side {
        std::unique_ptr<connection> tcp;
        std::string to_send;
        size_t sent = 0;
        std::string received;
        bool done = false;  // asked to finish
    };
    struct flying {
        time_point arrives;
        uint64_t order;
        int to;
        std::string bytes;
        net::ecn mark;
    };

    void open(int i);
    void pump(int i);
    std::optional<std::string> next_datagram(connection& c, bool& ect);
    std::string take_of_run();
    void transmit(int from, const std::string& datagram, bool ect = false);
    void open_for(const segment& syn, side& to, int i);
    void note_state(const connection& c);
    void arrive(const flying& f);
    void arrive(const std::vector<flying>& burst);
    std::vector<flying> take_arriving();
    bool step();
    bool chance(double p) { return double(random_() >> 8) < p * double(1u << 24); }

    pair_options options_;
    std::mt19937 random_;
    net::memory_budget memory_;
    shard_limits limits_{rate_limit(1000), memory_};
    std::array<side, 2> ends_;
    std::vector<flying> pipe_;
    uint64_t order_ = 0;
    std::string trace_;
    std::deque<std::string> run_;  // segments that were made one, still to be sent
    bool run_ect_ = false;
    unsigned prolonged_ = 0;
    unsigned sent_plainly_ = 0;
    unsigned arrived_plainly_ = 0;
    unsigned merged_ = 0;
    time_point began_{std::chrono::seconds(1)};
    time_point now_ = began_;
};

}  // namespace millrace::tcp::script
