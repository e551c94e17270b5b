// Stacks: kept for reuse, guarded at the end.
#include "core/memory/stack.hh"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <memory>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(returned_stack_is_used_again) {
    auto first = std::make_unique<stack>();
    char* bottom = first->bottom();
    first.reset();
    stack second;
    BOOST_CHECK(second.bottom() == bottom);
}

BOOST_AUTO_TEST_CASE(all_of_a_stack_is_usable) {
    stack s;
    BOOST_TEST(s.top() - s.bottom() == std::ptrdiff_t(stack::size_bytes));
    std::memset(s.bottom(), 1, stack::size_bytes);
    BOOST_TEST(s.top()[-1] == 1);
}

BOOST_AUTO_TEST_SUITE_END()
