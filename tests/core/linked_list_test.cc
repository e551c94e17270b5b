// Lists through links inside their elements.
#include "core/linked_list.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;

namespace {
struct element : list_link {
    explicit element(int n) : number(n) {}
    int number;
};
}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(elements_leave_in_the_order_in_which_they_came) {
    linked_list<element> list;
    element a(1), b(2);
    list.push_back(a);
    list.push_back(b);
    BOOST_TEST(list.pop_front().number == 1);
    BOOST_TEST(!a.linked());
    BOOST_TEST(list.front().number == 2);
    BOOST_TEST(list.pop_front().number == 2);
    BOOST_TEST(list.empty());
}

BOOST_AUTO_TEST_CASE(destroyed_element_leaves_its_list) {
    linked_list<element> list;
    element a(1), c(3);
    std::optional<element> b(2);
    list.push_back(a);
    list.push_back(*b);
    list.push_back(c);
    b.reset();
    BOOST_TEST(list.pop_front().number == 1);
    BOOST_TEST(list.pop_front().number == 3);
}

BOOST_AUTO_TEST_CASE(element_may_outlive_its_list) {
    element a(1), b(2);
    {
        linked_list<element> list;
        list.push_back(a);
        list.push_back(b);
    }
    a.unlink();
    BOOST_TEST(!b.linked());
}

BOOST_AUTO_TEST_SUITE_END()
