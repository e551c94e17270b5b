// A peer that sends whatever it likes: nothing asserts, grows without bound, or answers more than it was
// asked.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

class attacker {
 public:
    explicit attacker(uint32_t seed) : random_(seed) {}

    uint32_t below(uint32_t n) { return uint32_t(random_() % n); }

    // Mostly near what matters; the more often acceptable, the deeper it reaches.
    uint32_t near(uint32_t relative) {
        switch (below(8)) {
            case 0:
                return uint32_t(random_());
            case 1:
                return relative + below(1 << 21);
            case 2:
                return relative - below(5000);
            case 3:
                return relative + below(5000);
            default:
                return relative + below(3) - 1;
        }
    }

    scripted anything(const connection_info& us) {
        static constexpr uint8_t usual[] = {16, 16, 16, 16, 24, 17, 16, 16};
        flags f(below(4) ? usual[below(8)] : uint8_t(below(256)));
        if (below(16)) f = f.without(flags::rst);  // which would end most runs early
        scripted s(f);
        s.seq(near(us.rcv_nxt - 0xffffffc0u));
        if (below(8)) s.ack(near(below(2) ? us.snd_una - 0xfffffff0u : us.snd_nxt - 0xfffffff0u));
        if (below(4) == 0) s.wnd(uint16_t(below(3) ? below(65536) : 0));
        if (below(3) == 0) s.bytes(below(2000));
        if (below(8) == 0) s.ts(uint32_t(random_()), uint32_t(random_()));
        if (below(16) == 0) s.no_ts();
        if (below(16) == 0) s.mss(uint16_t(below(65536)));
        if (below(16) == 0) s.wscale(uint8_t(below(256)));
        for (uint32_t n = below(6); n < 3; ++n) {
            const uint32_t left = near(us.snd_una - 0xfffffff0u) + below(3) * 1448;
            s.sack(left, left + below(4) * 1448);
        }
        return s;
    }

 private:
    std::mt19937 random_;
};

void attack(conversation& c, attacker& a, int segments) {
    for (int i = 0; i < segments && !c.us().is_closed(); ++i) {
        c.peer_sends(a.anything(c.info()));
        if (a.below(8) == 0) c.app_sends(a.below(5000));
        if (a.below(8) == 0) c.app_reads();
        if (a.below(300) == 0) c.app_shuts_down();
        c.forget_sent();
        if (a.below(50) == 0) {
            c.after(std::chrono::milliseconds(a.below(300)));
            c.forget_sent();
        }
        if (a.below(100) == 0)
            c.app_sees_path_error(path_error::kind(a.below(6)), c.info().snd_una - 0xfffffff0u + a.below(3),
                                  uint16_t(a.below(1500)));
        c.forget_sent();
        const auto info = c.info();
        BOOST_TEST_REQUIRE(info.in_flight <= info.snd_nxt - info.snd_una);
        BOOST_TEST_REQUIRE(info.out_of_order <= (2u << 20));
        BOOST_TEST_REQUIRE(info.readable <= (1u << 20) + 64);
        BOOST_TEST_REQUIRE(info.smss >= 76u);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_peer)

BOOST_AUTO_TEST_CASE(anything_in_any_state_is_survived) {
    for (uint32_t seed = 0; seed < 600; ++seed) {
        attacker a(seed);
        static constexpr connection_state from[] = {
            connection_state::syn_sent,   connection_state::syn_received, connection_state::established,
            connection_state::fin_wait_1, connection_state::fin_wait_2,   connection_state::close_wait,
            connection_state::closing,    connection_state::last_ack};
        auto c = conversation_in(from[seed % 8]);
        attack(*c, a, 300);
        c->forget_sent();
    }
}

// With tiny buffers, limits are reached often.
BOOST_AUTO_TEST_CASE(tiny_limits_are_kept) {
    for (uint32_t seed = 0; seed < 100; ++seed) {
        conversation_options o;
        o.settings.receive_buffer = 3000;
        o.settings.send_buffer = 3000;
        o.settings.reassembly_chunks = 5;
        o.settings.reassembly_ranges = 2;
        o.settings.max_segments_in_flight = 4;
        o.settings.no_delay = seed % 2;
        o.challenges_per_second = 5;
        attacker a(seed);
        auto c = conversation_in(connection_state::established, o);
        attack(*c, a, 300);
        c->forget_sent();
    }
}

// RFC 9293 §3.10.7.4, RFC 5961: nobody can make two ends answer each other for ever, or one answer more than
// once.
BOOST_AUTO_TEST_CASE(one_segment_is_answered_by_one_ack_at_most) {
    for (uint32_t seed = 0; seed < 100; ++seed) {
        attacker a(seed);
        auto c = conversation_in(connection_state::established);
        for (int i = 0; i < 100 && !c->us().is_closed(); ++i) {
            c->peer_sends(a.anything(c->info()));
            if (c->has_sent()) c->take_sent();
            BOOST_TEST_REQUIRE(!c->has_sent());
        }
        c->forget_sent();
    }
}

BOOST_AUTO_TEST_SUITE_END()
