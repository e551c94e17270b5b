#include "tcp/send/ring.hh"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <memory>
#include <random>

using millrace::tcp::ring;

BOOST_AUTO_TEST_SUITE(send)

BOOST_AUTO_TEST_CASE(a_ring_is_a_queue_whatever_its_history) {
    std::mt19937_64 rng(1);
    ring<std::unique_ptr<int>, 2> r;
    std::deque<int> model;
    for (int i = 0; i < 20000; ++i) {
        const auto action = rng() % 16;
        if (action < 7) {
            r.push_back(std::make_unique<int>(i));
            model.push_back(i);
        } else if (action == 7) {
            const size_t at = rng() % (model.size() + 1);
            r.insert(at, std::make_unique<int>(i));
            model.insert(model.begin() + long(at), i);
        } else if (!model.empty() && action == 8) {
            r.drop_back();
            model.pop_back();
        } else if (!model.empty()) {
            BOOST_TEST(*r.pop_front() == model.front());
            model.pop_front();
        }
        BOOST_REQUIRE(r.size() == model.size());
        if (!model.empty()) {
            const size_t k = rng() % model.size();
            BOOST_REQUIRE(*r[k] == model[k]);
            BOOST_REQUIRE(*r.back() == model.back());
        }
        if (i % 5000 == 4999) {
            r.clear();
            model.clear();
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_taken_out_is_released_at_once) {
    auto shared = std::make_shared<int>(1);
    ring<std::shared_ptr<int>, 2> r;
    for (int i = 0; i < 40; ++i) r.push_back(std::shared_ptr<int>(shared));
    BOOST_TEST(shared.use_count() == 41);
    r.drop_front();
    r.drop_back();
    BOOST_TEST(shared.use_count() == 39);
    r.clear();
    BOOST_TEST(shared.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
