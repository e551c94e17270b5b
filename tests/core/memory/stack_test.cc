// Stacks: kept for reuse, guarded at the end.
#include "core/memory/stack.hh"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(returned_stack_is_used_again) {
    auto first = std::make_unique<stack>();
    char* bottom = first->bottom();
    first.reset();
    stack second;
    BOOST_CHECK(second.bottom() == bottom);
}

BOOST_AUTO_TEST_CASE(returned_stacks_are_kept_apart_whatever_was_written_to_them) {
    constexpr size_t many = stack::kept + 8;  // more than are kept
    for (int round = 0; round < 3; ++round) {
        std::vector<std::unique_ptr<stack>> all;
        std::set<char*> bottoms;
        for (size_t i = 0; i < many; ++i) {
            all.push_back(std::make_unique<stack>());
            std::memset(all.back()->top() - 64, 0xff, 64);
            BOOST_TEST(bottoms.insert(all.back()->bottom()).second);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_stack_may_outlive_the_cache_of_its_thread) {
    struct late {
        std::unique_ptr<stack> held;
    };
    std::thread([] {
        // Made before the thread's first stack is returned, so destroyed after the cache.
        static thread_local late last;
        last.held = std::make_unique<stack>();
        stack();
    }).join();
}

BOOST_AUTO_TEST_CASE(all_of_a_stack_is_usable) {
    stack s;
    BOOST_TEST(s.top() - s.bottom() == std::ptrdiff_t(stack::size_bytes));
    std::memset(s.bottom(), 1, stack::size_bytes);
    BOOST_TEST(s.top()[-1] == 1);
}

BOOST_AUTO_TEST_SUITE_END()
