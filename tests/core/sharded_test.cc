// One instance of a service per shard.
#include "core/sharded.hh"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <stdexcept>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

std::atomic<int> alive = 0;

class counter {
 public:
    explicit counter(int start, std::string name = "n")
        : n_(start), name_(std::move(name)), home_(this_shard()) {
        ++alive;
    }
    ~counter() {
        BOOST_TEST(home_ == this_shard());
        --alive;
    }
    int add(int n) { return n_ += n; }
    int value() const { return n_; }
    shard_id home() const { return home_; }
    const std::string& name() const { return name_; }

 private:
    int n_;
    std::string name_;
    shard_id home_;
};

struct stoppable {
    std::atomic<int>& stopped;
    future<> stop() {
        co_await make_ready_future<>();
        ++stopped;
        if (this_shard() == 1) throw std::runtime_error("stop failed");
    }
};

bool has_code(const std::exception_ptr& e, std::error_code code) {
    try {
        std::rethrow_exception(e);
    } catch (const std::system_error& s) {
        return s.code() == code;
    }
}

struct picky {
    picky() {
        if (this_shard() == 1) throw std::invalid_argument("not on shard 1");
        ++alive;
    }
    ~picky() { --alive; }
};

// Shards run on threads: half of the point of sharded<> is that nothing is shared between them.
void on_two_shards(const std::function<future<>()>& main) {
    shards group({.count = 2, .spin = 20us});
    group.run(main);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_sharded)

BOOST_AUTO_TEST_CASE(each_shard_has_an_instance_made_used_and_destroyed_there) {
    on_two_shards([]() -> future<> {
        sharded<counter> s;
        co_await s.start(10, std::string("both"));
        BOOST_TEST(alive == 2);
        BOOST_TEST(s.local().home() == 0u);
        BOOST_TEST(co_await s.invoke_on(1, [](counter& c) { return c.home(); }) == 1u);
        BOOST_TEST(co_await s.invoke_on(1, [](counter& c) { return c.name(); }) == "both");
        co_await s.stop();
        BOOST_TEST(!s.started());
    });
    BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(all_and_others_are_reached) {
    on_two_shards([]() -> future<> {
        sharded<counter> s;
        co_await s.start(0);
        co_await s.invoke_on_all([](counter& c) { return c.add(5); });
        co_await s.invoke_on_others([](counter& c) -> future<> {
            c.add(1);
            co_return;
        });
        BOOST_TEST(s.local().value() == 5);
        const auto values = co_await s.map([](counter& c) { return c.value(); });
        BOOST_TEST(values == (std::vector<int>{5, 6}), boost::test_tools::per_element());
        const int sum = co_await s.map_reduce([](counter& c) { return c.value(); }, 100, std::plus<int>());
        BOOST_TEST(sum == 111);
        co_await s.stop();
    });
}

BOOST_AUTO_TEST_CASE(a_failure_on_one_shard_comes_back_after_all_are_done) {
    on_two_shards([]() -> future<> {
        sharded<counter> s;
        co_await s.start(0);
        bool caught = false;
        try {
            co_await s.invoke_on_all([](counter& c) {
                c.add(1);
                if (this_shard() == 0) throw std::runtime_error("one of two");
            });
        } catch (const std::runtime_error&) {
            caught = true;
        }
        BOOST_TEST(caught);
        BOOST_TEST(co_await s.invoke_on(1, [](counter& c) { return c.value(); }) == 1);
        co_await s.stop();
    });
}

BOOST_AUTO_TEST_CASE(stop_waits_for_the_service_and_tells_its_failure) {
    std::atomic<int> stopped = 0;
    on_two_shards([&]() -> future<> {
        sharded<stoppable> s;
        co_await s.start(std::ref(stopped));
        bool caught = false;
        try {
            co_await s.stop();
        } catch (const std::runtime_error&) {
            caught = true;
        }
        BOOST_TEST(caught);
        BOOST_TEST(!s.started());
    });
    BOOST_TEST(stopped == 2);
}

BOOST_AUTO_TEST_CASE(who_calls_a_service_that_is_stopping_is_told_so) {
    on_two_shards([]() -> future<> {
        sharded<counter> s;
        co_await s.start(0);
        future<> stopping = s.stop();
        future<int> late = s.invoke_on(1, [](counter& c) { return c.value(); });
        co_await settled(late);
        BOOST_REQUIRE(late.failed());
        BOOST_TEST(has_code(late.get_exception(), errc::shard_stopped));
        co_await std::move(stopping);
        future<int> later = s.invoke_on(0, [](counter& c) { return c.value(); });
        BOOST_TEST(has_code(later.get_exception(), errc::shard_stopped));
    });
    BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_on_one_shard_leaves_none) {
    on_two_shards([]() -> future<> {
        sharded<picky> s;
        bool caught = false;
        try {
            co_await s.start();
        } catch (const std::invalid_argument&) {
            caught = true;
        }
        BOOST_TEST(caught);
        BOOST_TEST(!s.started());
    });
    BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()
