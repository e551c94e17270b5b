#include "tcp/send/mtu_probing.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

// A path that carries segments up to `carried`, and what becomes of probes over it.
struct path {
    explicit path(uint16_t c, uint16_t ceiling = 1460) : carried(c), probing({}, ceiling) {}

    // One probe; false if there is none to be sent.
    bool probe() {
        const uint16_t size = probing.next();
        if (size == 0) return false;
        probing.on_sent({at, at + size});
        sizes.push_back(size);
        at += size;
        if (size <= carried)
            BOOST_TEST(probing.on_ack(at, now));
        else
            probing.on_lost(now);
        return true;
    }
    // Until the search is over.
    size_t search() {
        while (probe()) BOOST_TEST_REQUIRE(sizes.size() < 100u);
        return sizes.size();
    }

    uint16_t carried;
    mtu_probing probing;
    seq at{0xfffffc00};  // so that the numbers wrap
    time_point now{1s};
    std::vector<uint16_t> sizes;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(path_mtu_probing)

// RFC 8899 §5.2: nothing is looked for where all is believed to be carried.
BOOST_AUTO_TEST_CASE(it_begins_with_all_that_the_ends_can_do) {
    path p(1460);
    BOOST_TEST(p.probing.size() == 1460u);
    BOOST_TEST(!p.probing.is_searching());
    BOOST_TEST((p.probing.raise_at() == never));
}

// RFC 4821 §7.2, §7.3: from the base straight to the ceiling.
BOOST_AUTO_TEST_CASE(a_path_that_carries_all_is_found_by_one_probe) {
    path p(1460);
    p.probing.start_at_base();
    BOOST_TEST(p.probing.size() == 1024u);
    BOOST_TEST(p.probing.next() == 1460u);
    BOOST_TEST(p.search() == 1u);
    BOOST_TEST(p.probing.size() == 1460u);
    BOOST_TEST(!p.probing.is_searching());
    BOOST_TEST((p.probing.raise_at() == never));
}

// RFC 8899 §5.1.2, §5.3.1: MAX_PROBES of a size, then a smaller one.
BOOST_AUTO_TEST_CASE(a_size_is_too_large_once_three_probes_of_it_are_lost) {
    path p(1200);
    p.probing.start_at_base();
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(p.probing.next() == 1460u);
        p.probe();
    }
    BOOST_TEST(p.probing.next() < 1460u);
    BOOST_TEST(p.probing.size() == 1024u);
}

BOOST_AUTO_TEST_CASE(a_probe_that_arrives_forgives_those_lost_before) {
    path p(1460);
    p.probing.start_at_base();
    for (int i = 0; i < 2; ++i) {
        p.probing.on_sent({p.at, p.at + 1460});
        p.probing.on_lost(p.now);
    }
    BOOST_TEST(p.search() == 1u);
    BOOST_TEST(p.probing.size() == 1460u);
}

// RFC 4821 §7.1, §7.3: converges, whatever the path carries, and never beyond it.
BOOST_AUTO_TEST_CASE(what_any_path_carries_is_found_within_a_few_bytes) {
    for (unsigned carried = 1024; carried <= 9100; carried += 7) {
        path p(uint16_t(carried), 8960);
        p.probing.start_at_base();
        const size_t probes = p.search();
        BOOST_TEST(p.probing.size() <= carried);
        BOOST_TEST(p.probing.size() + mtu_probing::close_enough >= std::min(carried, 8960u));
        BOOST_TEST(probes <= 3u * 14);
    }
}

// RFC 8899 §5.3.2.
BOOST_AUTO_TEST_CASE(usual_sizes_are_found_exactly) {
    for (int carried : {1240, 1360, 1380, 1410, 1436, 1440, 1452}) {
        path p{uint16_t(carried)};
        p.probing.start_at_base();
        p.search();
        BOOST_TEST(p.probing.size() == carried);
    }
}

// RFC 4821 §7.7: to the base first, then by halves, not below the floor.
BOOST_AUTO_TEST_CASE(a_black_hole_makes_segments_smaller) {
    path p(1460);
    BOOST_TEST(p.probing.on_black_hole(1460));
    BOOST_TEST(p.probing.size() == 1024u);
    BOOST_TEST(!p.probing.on_black_hole(1460));  // of before
    BOOST_TEST(p.probing.on_black_hole(1024));
    BOOST_TEST(p.probing.size() == 512u);
    BOOST_TEST(!p.probing.on_black_hole(512));
    BOOST_TEST(p.probing.size() == 512u);
}

// It was no full segment that stayed away.
BOOST_AUTO_TEST_CASE(what_is_smaller_than_the_base_makes_segments_smaller_than_that) {
    path p(1460);
    BOOST_TEST(p.probing.on_black_hole(800));
    BOOST_TEST(p.probing.size() == 512u);
    BOOST_TEST(p.probing.next() == 1460u);
}

// What has timed out is held to be too large, so that no probes are spent on it, until the next raise.
BOOST_AUTO_TEST_CASE(behind_a_black_hole_the_search_goes_between_base_and_what_was_lost) {
    path p(1420);
    p.probing.on_black_hole(1460);
    BOOST_TEST(p.probing.next() > 1024u);
    BOOST_TEST(p.probing.next() < 1460u);
    p.search();
    BOOST_TEST(p.probing.size() <= 1420u);
    BOOST_TEST(p.probing.size() >= 1412u);
    for (uint16_t s : p.sizes) BOOST_TEST(s < 1460u);
}

// RFC 8899 §5.1.1, PMTU_RAISE_TIMER; RFC 4821 §7.3.
BOOST_AUTO_TEST_CASE(after_ten_minutes_it_is_tried_whether_the_path_carries_more) {
    path p(1410);
    p.probing.on_black_hole(1460);
    p.search();
    BOOST_TEST((p.probing.raise_at() == p.now + 10min));
    p.carried = 1460;
    p.now += 10min;
    p.probing.on_raise();
    BOOST_TEST((p.probing.raise_at() == never));
    BOOST_TEST(p.probing.next() == 1460u);
    p.search();
    BOOST_TEST(p.probing.size() == 1460u);
}

// RFC 4821 §7.6.4.
BOOST_AUTO_TEST_CASE(a_probe_of_which_nothing_is_known_is_sent_again) {
    path p(1460);
    p.probing.start_at_base();
    for (int i = 0; i < 10; ++i) {
        p.probing.on_sent({p.at, p.at + 1460});
        BOOST_TEST(p.probing.next() == 0u);
        p.probing.on_inconclusive();
        BOOST_TEST(p.probing.next() == 1460u);
        BOOST_TEST(!p.probing.on_ack(p.at + 1460, p.now));
    }
}

BOOST_AUTO_TEST_CASE(part_of_a_probe_says_nothing) {
    path p(1460);
    p.probing.start_at_base();
    p.probing.on_sent({p.at, p.at + 1460});
    BOOST_TEST(!p.probing.on_ack(p.at + 1459, p.now));
    BOOST_TEST(p.probing.in_flight());
    BOOST_TEST(p.probing.on_ack(p.at + 1460, p.now));
    BOOST_TEST(p.probing.size() == 1460u);
}

// RFC 8899 §4.6.2: a router's word bounds the search, and is tried first.
BOOST_AUTO_TEST_CASE(what_a_router_says_ends_what_was_larger) {
    path p(1300);
    p.probing.start_at_base();
    p.probing.on_sent({p.at, p.at + 1460});
    p.probing.set_ceiling(1300);
    BOOST_TEST(!p.probing.on_ack(p.at + 1460, p.now));  // though it had arrived
    BOOST_TEST(p.probing.size() == 1024u);
    BOOST_TEST(p.probing.next() == 1300u);
    BOOST_TEST(p.search() == 1u);
    BOOST_TEST(p.probing.size() == 1300u);
    p.probing.set_ceiling(600);
    BOOST_TEST(p.probing.size() == 600u);
    BOOST_TEST(!p.probing.is_searching());
}

BOOST_AUTO_TEST_CASE(probes_lost_of_a_size_that_is_no_longer_looked_for_do_not_count) {
    path p(1300);
    p.probing.start_at_base();
    p.probing.on_sent({p.at, p.at + 1460});
    p.probing.set_ceiling(1300);
    p.probing.on_lost(p.now);
    for (int i = 0; i < 2; ++i) {
        p.probing.on_sent({p.at, p.at + 1300});
        p.probing.on_lost(p.now);
    }
    BOOST_TEST(p.probing.next() == 1300u);
}

BOOST_AUTO_TEST_SUITE_END()
