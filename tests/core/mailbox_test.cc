// Mailboxes between shards, in one thread.
#include "core/mailbox.hh"

#include "core/smp/post_office.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <vector>

using namespace millrace;

namespace {

// Two shards in this thread, with room for four parcels each way.
struct pair {
    manual_clock clock;
    post_office office{2, 4, false};
    mailbox mail_a{office, 0};
    mailbox mail_b{office, 1};
    reactor a{{.shard = 0, .shards = 2, .time = &clock}};
    reactor b{{.shard = 1, .shards = 2, .time = &clock}};

    pair() {
        a.set_mailbox(&mail_a);
        a.add(mail_a);
        b.set_mailbox(&mail_b);
        b.add(mail_b);
    }
    ~pair() {
        a.remove(mail_a);
        b.remove(mail_b);
    }
    void turn_until_idle() {
        bool worked = true;
        while (worked) {
            worked = a.turn();
            worked |= b.turn();
        }
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(core_mailbox, pair)

BOOST_AUTO_TEST_CASE(parcels_travel_at_the_end_of_the_turn_and_open_on_the_other_shard) {
    shard_id opened_on = 99;
    {
        reactor::scope here(a);
        post(1, [&] { opened_on = reactor::current().shard(); });
    }
    BOOST_TEST(!b.turn());
    BOOST_TEST(a.turn());  // something was on its way: not idle
    BOOST_TEST(b.turn());
    BOOST_TEST(opened_on == 1u);
    BOOST_TEST(!a.turn());
    BOOST_TEST(!b.turn());
}

BOOST_AUTO_TEST_CASE(parcels_of_one_turn_travel_in_one_batch) {
    int opened = 0;
    {
        reactor::scope here(a);
        for (int i = 0; i < 3; ++i) post(1, [&] { ++opened; });
    }
    turn_until_idle();
    BOOST_TEST(opened == 3);
    BOOST_TEST(mail_a.counters().sent == 3u);
    BOOST_TEST(mail_a.counters().batches == 1u);
    BOOST_TEST(mail_b.counters().received == 3u);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_into_the_ring_waits_in_order_and_is_counted) {
    std::vector<int> opened;
    {
        reactor::scope here(a);
        for (int i = 0; i < 50; ++i) post(1, [&opened, i] { opened.push_back(i); });
    }
    BOOST_TEST(mail_a.counters().overflowed == 46u);
    BOOST_TEST(mail_a.waiting() == 46u);
    turn_until_idle();
    BOOST_TEST(opened.size() == 50u);
    BOOST_TEST(std::is_sorted(opened.begin(), opened.end()));
    BOOST_TEST(mail_a.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(two_shards_that_flood_each_other_do_not_hold_each_other_up) {
    int opened = 0;
    for (auto [from, to] : {std::pair{&a, 1u}, std::pair{&b, 0u}}) {
        reactor::scope here(*from);
        for (int i = 0; i < 100; ++i)
            post(to, [&opened, from_shard = from->shard()] {
                ++opened;
                post(from_shard, [&opened] { ++opened; });
            });
    }
    turn_until_idle();
    BOOST_TEST(opened == 400);
}

BOOST_AUTO_TEST_CASE(try_post_refuses_when_the_ring_is_full_and_leaves_the_function_alone) {
    int opened = 0;
    auto function = [&opened, n = std::make_unique<int>(1)] { opened += *n; };
    {
        reactor::scope here(a);
        for (int i = 0; i < 4; ++i) post(1, [&] { ++opened; });
        BOOST_TEST(!try_post(1, function));
    }
    BOOST_TEST(mail_a.counters().refused == 1u);
    turn_until_idle();
    BOOST_TEST(opened == 4);
    {
        reactor::scope here(a);
        BOOST_TEST(try_post(1, function));
    }
    turn_until_idle();
    BOOST_TEST(opened == 5);
}

BOOST_AUTO_TEST_CASE(a_shard_may_post_to_itself) {
    bool opened = false;
    {
        reactor::scope here(a);
        post(0, [&] { opened = true; });
        BOOST_TEST(!opened);
    }
    turn_until_idle();
    BOOST_TEST(opened);
}

BOOST_AUTO_TEST_CASE(a_shard_with_mail_does_not_sleep) {
    BOOST_TEST(mail_b.prepare_sleep());
    mail_b.woke();
    {
        reactor::scope here(a);
        post(1, [] {});
    }
    BOOST_TEST(!mail_a.prepare_sleep());  // it has something to send
    BOOST_TEST(mail_b.prepare_sleep());   // and b cannot know yet
    mail_b.woke();
    mail_a.flush();
    BOOST_TEST(mail_a.prepare_sleep());
    mail_a.woke();
    BOOST_TEST(!mail_b.prepare_sleep());
    turn_until_idle();
}

BOOST_AUTO_TEST_SUITE_END()
