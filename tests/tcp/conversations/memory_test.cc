// What a connection does when its shard is short of memory.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;
using net::memory_use;

namespace {

// Windows in bytes, segments of 1000. Others of the shard hold what the test says.
struct short_of_memory : conversation {
    short_of_memory() : conversation(with_budget()) { establish(syn_ack().mss(1000)); }
    static conversation_options with_budget() {
        conversation_options o;
        o.path_mss = 1000;
        o.memory = 1'000'000;
        o.settings.receive_buffer = 60'000;
        o.settings.send_buffer = 60'000;
        o.settings.assured_buffer = 4000;
        return o;
    }
    void others_hold(uint64_t bytes) { memory().set(memory_use::connections, bytes); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(data_before_its_turn_is_refused_first_and_data_in_order_goes_on) {
    short_of_memory c;
    c.others_hold(650'000);
    c.peer_sends(data(1000).seq(1001));
    c.refused(drop_reason::no_memory);
    c.expects(ack(1));  // RFC 5681 §4.2: what is missing is asked for all the same
    c.peer_sends(data(1000).seq(1));
    c.expects(ack(1001));
    BOOST_TEST(c.app_reads().size() == 1000u);
    c.others_hold(0);
    c.peer_sends(data(1000).seq(2001));
    c.refused(drop_reason::none);
    c.expects(ack(1001));
    c.peer_sends(data(1000).seq(1001));
    c.expects(ack(3001));
}

// As long as it is read, a connection goes on with what is assured, whatever others hold.
BOOST_AUTO_TEST_CASE(without_any_memory_a_connection_that_is_read_goes_on) {
    short_of_memory c;
    c.others_hold(2'000'000);
    for (int i = 0; i < 100; ++i) {
        c.peer_sends(data(1000));
        c.refused(drop_reason::none);
        BOOST_TEST(c.app_reads().size() == 1000u);
        c.forget_sent();
    }
    BOOST_TEST(c.info().bytes_received == 100'000u);
}

BOOST_AUTO_TEST_CASE(unread_data_beyond_what_is_assured_is_refused_and_comes_again) {
    short_of_memory c;
    c.others_hold(1'000'000);
    for (int i = 0; i < 10; ++i) c.peer_sends(data(1000).seq(uint32_t(1 + 1000 * i)));
    c.refused(drop_reason::no_memory);
    const uint32_t taken = uint32_t(c.info().bytes_received);
    BOOST_TEST(taken >= 3000u);
    BOOST_TEST(taken <= 5000u);
    BOOST_TEST(c.memory().refused(memory_use::unread) == 1u);  // what follows comes before its turn
    c.forget_sent();
    BOOST_TEST(c.app_reads().size() == taken);
    c.forget_sent();
    c.others_hold(0);
    c.peer_sends(data(1000).seq(taken + 1));
    c.refused(drop_reason::none);
    c.forget_sent();
    BOOST_TEST(c.app_reads().size() == 1000u);
}

// So that the peer knows that we are there, and that it is not the path that lost it.
BOOST_AUTO_TEST_CASE(data_in_order_that_is_refused_is_answered) {
    short_of_memory c;
    c.others_hold(1'000'000);
    for (uint32_t n = 1; n <= 4; ++n) {
        c.peer_sends(data(1000));
        c.expects(ack(1 + n * 1000));
    }
    c.peer_sends(data(1000).seq(4001));
    c.refused(drop_reason::no_memory);
    c.expects(ack(4001));
}

// RFC 2018 §8: what was reported and not acknowledged may go.
BOOST_AUTO_TEST_CASE(data_before_its_turn_goes_for_data_in_order) {
    short_of_memory c;
    for (uint32_t i = 0; i < 5; ++i) c.peer_sends(data(1000).seq(1 + 1000 * i));
    for (uint32_t i = 0; i < 3; ++i) c.peer_sends(data(1000).seq(6001 + 1000 * i));
    c.forget_sent();
    BOOST_TEST(c.info().out_of_order == 3000u);
    c.others_hold(1'000'000);
    c.peer_sends(data(1000).seq(5001));
    c.refused(drop_reason::none);
    c.expects(ack(6001));
    BOOST_TEST(c.info().out_of_order == 0u);
    // It comes again, and the stream is whole.
    c.others_hold(0);
    for (uint32_t i = 0; i < 3; ++i) c.peer_sends(data(1000).seq(6001 + 1000 * i));
    BOOST_TEST(c.app_reads().size() == 9000u);
    c.forget_sent();
}

// RFC 9293 §3.8.6 (SHLD-14): the window is not shrunk, but it grows no further than what is assured.
BOOST_AUTO_TEST_CASE(the_window_that_is_out_stays_and_no_more_is_offered) {
    short_of_memory c;
    c.peer_sends(data(1000));
    segment before = c.take_sent();
    BOOST_TEST(before.wnd > 55'000u);
    const seq edge = before.ack + before.wnd;
    c.app_reads();
    c.others_hold(600'000);
    for (uint32_t n = 0; n < 40; ++n) {
        c.peer_sends(data(1000));
        c.app_reads();
        while (c.has_sent()) {
            const segment s = c.take_sent();
            BOOST_TEST((s.ack + s.wnd == edge));
        }
    }
    // Once it is used up, what is assured is offered anew.
    for (uint32_t n = 0; n < 40; ++n) {
        c.peer_sends(data(1000));
        c.app_reads();
        while (c.has_sent()) BOOST_TEST(c.take_sent().wnd <= 60'000u);
    }
    c.peer_sends(data(1000));
    c.app_reads();
    BOOST_TEST(c.info().rcv_wnd <= 5000u);
    BOOST_TEST(c.info().rcv_wnd >= 3000u);
    c.forget_sent();
    // And with memory, all of it.
    c.others_hold(0);
    c.peer_sends(data(1000));
    c.app_reads();
    c.forget_sent();
    c.peer_sends(data(1000));
    c.app_reads();
    BOOST_TEST(c.info().rcv_wnd > 55'000u);
    c.forget_sent();
}

BOOST_AUTO_TEST_CASE(a_writer_gets_what_is_assured_and_the_rest_later) {
    short_of_memory c;
    c.others_hold(950'000);
    BOOST_TEST(c.app_sends(size_t(20'000)) == 4000u);
    c.expects_data(4, 1000);
    BOOST_TEST(c.app_sends(size_t(1000)) == 0u);
    c.forget_events();
    c.peer_sends(ack(4001));
    c.happened(events::writable);
    BOOST_TEST(c.app_sends(size_t(20'000)) == 4000u);
    c.expects_data(4, 1000);
    c.others_hold(0);
    BOOST_TEST(c.app_sends(size_t(20'000)) == 20'000u);
    c.forget_sent();
}

BOOST_AUTO_TEST_SUITE_END()
