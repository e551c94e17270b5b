// The ring between two shards.
#include "core/smp/ring.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <thread>
#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core_ring)

BOOST_AUTO_TEST_CASE(parcels_show_only_once_published_and_open_in_order) {
    ring r(8);
    std::vector<int> opened;
    for (int i = 0; i < 3; ++i) r.reserve()->fill([&opened, i] { opened.push_back(i); });
    BOOST_TEST(r.unpublished() == 3u);
    BOOST_TEST(r.empty());
    BOOST_TEST(r.open(10) == 0u);
    r.publish();
    BOOST_TEST(!r.empty());
    BOOST_TEST(r.open(2) == 2u);
    BOOST_TEST(r.open(2) == 1u);
    BOOST_TEST((opened == std::vector<int>{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(a_full_ring_has_no_place_until_one_is_opened) {
    ring r(4);
    int opened = 0;
    for (int i = 0; i < 4; ++i) r.reserve()->fill([&] { ++opened; });
    r.publish();
    BOOST_TEST(r.reserve() == nullptr);
    r.open(1);
    BOOST_TEST(r.reserve() != nullptr);
    BOOST_TEST(r.reserve() == nullptr);
    r.publish();
    BOOST_TEST(r.open(10) == 4u);
    BOOST_TEST(opened == 4);
}

BOOST_AUTO_TEST_CASE(parcels_left_in_a_ring_are_destroyed_unopened) {
    auto witness = std::make_shared<int>(0);
    {
        ring r(4);
        r.reserve()->fill([witness] { ++*witness; });
        r.publish();
        BOOST_TEST(witness.use_count() == 2);
    }
    BOOST_TEST(witness.use_count() == 1);
    BOOST_TEST(*witness == 0);
}

BOOST_AUTO_TEST_CASE(two_threads_hand_over_everything_in_order) {
    constexpr uint64_t total = 200000;
    ring r(64);
    uint64_t next = 0;
    bool in_order = true;
    std::thread consumer([&] {
        while (next < total)
            if (r.open(16) == 0) std::this_thread::yield();
    });
    for (uint64_t i = 0; i < total;) {
        parcel* place = r.reserve();
        if (!place) {
            r.publish();
            std::this_thread::yield();
            continue;
        }
        place->fill([&, i] { in_order &= next++ == i; });
        if (++i % 7 == 0) r.publish();
    }
    r.publish();
    consumer.join();
    BOOST_TEST(in_order);
    BOOST_TEST(next == total);
}

BOOST_AUTO_TEST_SUITE_END()
