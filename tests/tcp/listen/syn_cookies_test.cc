#include "tcp/listen/syn_cookies.hh"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{1000h};
constexpr siphash_key key{1, 2};
constexpr uint32_t offset = 0xdeadbeef;  // of the flow's timestamps
const four_tuple flow{.local = {net::ipv4_address(10, 0, 0, 1), 80},
                      .remote = {net::ipv4_address(10, 0, 0, 2), 5000}};
const passive_offer offer{.window_scale = 7};

uint32_t clock_at(time_point t) {
    return uint32_t(std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count());
}

segment syn(uint16_t mss = 1460) {
    segment s;
    s.flags = flags::syn;
    s.seq = seq(0xfffffff0);
    s.wnd = 1000;
    s.options.mss = mss;
    return s;
}

segment full_syn() {
    segment s = syn();
    s.options.window_scale = 9;
    s.options.sack_permitted = true;
    s.options.timestamps = timestamp_option{.value = 7000, .echo = 0};
    return s;
}

struct baked {
    half_open record;
    segment ack;  // of the SYN-ACK
};

baked bake(syn_cookies& cookies, const segment& s, time_point now) {
    baked b{begin_half_open(flow, s, seq(0), offer), {}};
    cookies.bake(b.record, now);
    const uint32_t stamp = timestamp_with_options(b.record, clock_at(now)) + offset;
    const outgoing answer = syn_ack(b.record, stamp);
    b.ack.flags = flags::ack;
    b.ack.seq = s.seq + 1;
    b.ack.ack = answer.seq + 1;
    b.ack.wnd = 500;
    if (answer.options.timestamps)
        b.ack.options.timestamps = timestamp_option{7001, answer.options.timestamps->value};
    return b;
}

std::optional<half_open> read(const syn_cookies& cookies, const segment& ack, time_point now,
                              const four_tuple& from = flow) {
    return cookies.read(from, ack, offer, clock_at(now), offset, now);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listen)

// RFC 4987 §3.6: what the SYN said comes back with the ACK.
BOOST_AUTO_TEST_CASE(a_cookie_brings_back_the_record_that_it_stands_for) {
    syn_cookies cookies(key);
    const baked b = bake(cookies, full_syn(), start);
    const auto h = read(cookies, b.ack, start + 50ms);
    BOOST_REQUIRE(h);
    BOOST_TEST((h->iss == b.record.iss));
    BOOST_TEST((h->irs == full_syn().seq));
    BOOST_TEST(h->peer_mss == 1460u);
    BOOST_TEST(int(h->peer_window_scale.value()) == 9);
    BOOST_TEST(int(h->window_scale) == 7);
    BOOST_TEST(h->sack);
    BOOST_TEST(h->timestamps);
    BOOST_TEST(h->ts_recent == 7001u);
    BOOST_TEST(h->mss == offer.mss);
    BOOST_TEST(h->wnd == offer.wnd);
    BOOST_TEST(int(h->transmissions) == 0);
}

// RFC 4987 §3.6: without timestamps there is no room for other options, and our SYN-ACK offers none.
BOOST_AUTO_TEST_CASE(without_timestamps_there_is_neither_scaling_nor_sack_nor_ecn) {
    syn_cookies cookies(key);
    segment s = full_syn();
    s.flags |= flags::ece | flags::cwr;
    s.options.timestamps.reset();
    const baked b = bake(cookies, s, start);
    const outgoing answer = syn_ack(b.record, 0);
    BOOST_TEST(!answer.options.window_scale);
    BOOST_TEST(!answer.options.sack_permitted);
    BOOST_TEST(!answer.flags.has(flags::ece));
    const auto h = read(cookies, b.ack, start);
    BOOST_REQUIRE(h);
    BOOST_TEST(!h->peer_window_scale);
    BOOST_TEST(!h->sack);
    BOOST_TEST((h->ecn == ecn_feedback::none));
    BOOST_TEST(!h->timestamps);
}

BOOST_AUTO_TEST_CASE(every_set_of_options_survives) {
    syn_cookies cookies(key);
    for (int scale = -1; scale <= 14; ++scale)
        for (const bool sack : {false, true}) {
            segment s = full_syn();
            s.options.window_scale.reset();
            if (scale >= 0) s.options.window_scale = uint8_t(scale);
            s.options.sack_permitted = sack;
            if (scale % 2 == 0) s.flags |= flags::ece | flags::cwr;
            const auto h = read(cookies, bake(cookies, s, start).ack, start);
            BOOST_REQUIRE(h);
            BOOST_TEST((scale < 0 ? !h->peer_window_scale : *h->peer_window_scale == scale));
            BOOST_TEST(h->sack == sack);
            BOOST_TEST((h->ecn == (scale % 2 == 0 ? ecn_feedback::classic : ecn_feedback::none)));
        }
}

// RFC 9768 §5.1: a cookie keeps no word of it, but the ACK tells, with timestamps or without; if it was lost,
// the data behind it does.
BOOST_AUTO_TEST_CASE(the_ack_of_a_cookie_tells_of_accurate_ecn) {
    syn_cookies cookies(key);
    for (const bool stamped : {true, false}) {
        segment s = full_syn();
        s.flags |= ecn_bits;
        if (!stamped) s.options.timestamps.reset();
        baked b = bake(cookies, s, start);
        BOOST_TEST(int(syn_ack(b.record, 0).flags.ace()) == 2);
        for (uint8_t ace = 0; ace < 8; ++ace) {
            b.ack.flags = flags::ack | flags::of_ace(ace);
            b.ack.payload = {};
            const auto agreed = ace < 2 ? ecn_feedback::none : ecn_feedback::accurate;
            BOOST_TEST((read(cookies, b.ack, start)->ecn == agreed));
            BOOST_TEST(may_be_marked(*read(cookies, b.ack, start)) == (ace >= 2));
            b.ack.payload = buffer::copy_of("x");
            const auto counted = ace < 4 ? ecn_feedback::none : ecn_feedback::accurate;
            BOOST_TEST((read(cookies, b.ack, start)->ecn == counted));
        }
    }
    passive_offer none = offer;
    none.ecn = false;
    segment s = full_syn();
    s.flags |= ecn_bits;
    baked b = bake(cookies, s, start);
    b.ack.flags |= flags::of_ace(2);
    const auto h = cookies.read(flow, b.ack, none, clock_at(start), offset, start);
    BOOST_TEST((h->ecn == ecn_feedback::none));
}

// The MSS is never taken for more than the peer can take.
BOOST_AUTO_TEST_CASE(the_mss_comes_back_as_the_class_below) {
    syn_cookies cookies(key);
    const std::pair<uint16_t, uint16_t> expected[] = {{88, 88},     {535, 88},    {536, 536},
                                                      {1219, 536},  {1300, 1220}, {1380, 1360},
                                                      {1439, 1400}, {1460, 1460}, {9000, 8960}};
    for (const auto& [said, kept] : expected) {
        const baked b = bake(cookies, syn(said), start);
        BOOST_TEST(b.record.peer_mss == kept);
        BOOST_TEST(read(cookies, b.ack, start)->peer_mss == kept);
    }
}

// Valid for one to two minutes.
BOOST_AUTO_TEST_CASE(a_cookie_grows_old) {
    syn_cookies cookies(key);
    const time_point at[] = {start, start + 59s};  // at the begin and the end of a minute
    for (const time_point t : at) {
        const baked b = bake(cookies, syn(), t);
        BOOST_TEST(read(cookies, b.ack, t + 60s).has_value());
        BOOST_TEST(!read(cookies, b.ack, t + 121s).has_value());
        BOOST_TEST(!read(cookies, b.ack, t + 256 * 60s).has_value());
    }
}

BOOST_AUTO_TEST_CASE(cookies_are_expected_back_only_while_they_are_sent) {
    syn_cookies cookies(key);
    BOOST_TEST(!cookies.sent_lately(start));
    bake(cookies, syn(), start);
    BOOST_TEST(cookies.sent_lately(start + 119s));
    BOOST_TEST(!cookies.sent_lately(start + 121s));
}

BOOST_AUTO_TEST_CASE(a_cookie_is_of_one_flow_one_syn_and_one_secret) {
    syn_cookies cookies(key);
    const baked b = bake(cookies, syn(), start);
    four_tuple other = flow;
    other.remote.port = 5001;
    BOOST_TEST(!read(cookies, b.ack, start, other));
    BOOST_TEST(!read(syn_cookies({1, 3}), b.ack, start));
    segment later = bake(cookies, syn(), start).ack;
    later.seq = later.seq + 1;
    BOOST_TEST(!read(cookies, later, start));
    segment neighbour = bake(cookies, syn(), start).ack;
    for (int i = 0; i < 100; ++i) {
        neighbour.ack = neighbour.ack + 1;
        BOOST_TEST(!read(cookies, neighbour, start));
    }
}

// 16 of 2^32 numbers are good; a guesser who tries a million gets in by chance once in 250 such attempts.
BOOST_AUTO_TEST_CASE(a_million_guesses_find_nothing) {
    syn_cookies cookies(key);
    segment guess = bake(cookies, syn(), start).ack;
    std::mt19937 rng(1);
    int found = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        guess.ack = seq(rng());
        found += read(cookies, guess, start).has_value();
    }
    BOOST_TEST(found == 0);
}

// RFC 7323 §5.3: the options must not make our TSval run backwards or ahead.
BOOST_AUTO_TEST_CASE(the_timestamp_is_the_clocks_up_to_64_ms_ago) {
    syn_cookies cookies(key);
    half_open h = begin_half_open(flow, full_syn(), seq(0), offer);
    for (uint32_t clock : {0u, 1u, 62u, 63u, 64u, 1000u, 0xffffffffu}) {
        const uint32_t stamp = timestamp_with_options(h, clock);
        BOOST_TEST(clock - stamp < 64u);
        BOOST_TEST((stamp & 63) == (9 | 16));
    }
}

// An echo of no SYN-ACK of the last two minutes is no peer's of ours.
BOOST_AUTO_TEST_CASE(a_cookie_with_an_impossible_echo_is_refused) {
    syn_cookies cookies(key);
    for (const uint32_t shift : {64u, 0x80000000u, uint32_t(-130'000)}) {
        segment s = bake(cookies, full_syn(), start).ack;
        s.options.timestamps->echo += shift;
        BOOST_TEST(!read(cookies, s, start + 1ms));
    }
}

BOOST_AUTO_TEST_SUITE_END()
