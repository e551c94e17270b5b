// A judge beside the wire of two simulated hosts: it reads every segment that they send and looks at their
// connections after every step, and knows the rules of TCP but nothing of how ours is made.
#pragma once

#include "net/simulation.hh"
#include "tcp/segment/segment.hh"
#include "tcp/state.hh"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace millrace::test {

struct sim_host;
struct two_hosts;

class sim_judge {
 public:
    // `hosts` and this must go together.
    explicit sim_judge(two_hosts& hosts);
    ~sim_judge();
    sim_judge(const sim_judge&) = delete;
    sim_judge& operator=(const sim_judge&) = delete;

    // After every step: the windows of both ends, and the memory of both hosts.
    void look();
    // What it does then, for tests of the judge: a host sent `s`; and its connection of these ports, at a and
    // at b, is like that.
    void on_segment(net::wire_end from, const tcp::segment& s);
    using ports = std::pair<uint16_t, uint16_t>;
    void on_state(net::wire_end of, const ports& p, const tcp::connection_info& now);

    // The first offence; empty: none.
    const std::string& offence() const noexcept { return offence_; }
    // What it has judged: nothing may be found as nothing was seen.
    uint64_t segments() const noexcept { return segments_; }
    uint64_t states() const noexcept { return states_; }

 private:
    // What one end of a connection has said so far.
    struct party {
        bool begun = false;
        bool has_offered = false;  // its window: with its first ACK
        tcp::seq iss{};
        tcp::seq sent_end{};  // behind the furthest that it has sent
        tcp::seq acked{};     // the furthest that it has acknowledged
        tcp::seq edge{};      // the furthest that it has offered to take
        std::optional<uint8_t> scale{};
        std::optional<uint32_t> clock{};  // its last TSval
        tcp::connection_info last{};      // as of the last step
    };
    struct conversation {
        std::array<party, 2> parties;
        bool aborted = false;
    };

    void on_frame(net::wire_end from, const net::packet& frame);
    void judge_numbers(const party& from, const party& to, const tcp::segment& s, bool lost_before);
    std::optional<tcp::connection_info> state_of(net::wire_end end, const ports& p) const;
    void judge_ack(party& from, const party& to, const tcp::segment& s, bool scaled);
    void judge_sack(const party& to, const tcp::segment& s);
    void judge_clock(party& from, const party& to, const tcp::segment& s);
    void judge_memory(const char* name, const sim_host& h);
    void accuse(std::string what);

    two_hosts& hosts_;
    std::map<ports, conversation> conversations_;
    std::string offence_;
    uint64_t segments_ = 0;
    uint64_t states_ = 0;
};

}  // namespace millrace::test
