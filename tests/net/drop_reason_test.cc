#include "net/drop_reason.hh"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(each_drop_reason_has_a_name_and_a_meaning) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < drop_reason_count; ++i) {
        names.insert(name_of(drop_reason(i)));
        BOOST_TEST(!help_of(drop_reason(i)).empty());
    }
    BOOST_TEST(names.size() == drop_reason_count);
    BOOST_TEST(!names.contains(""));
}

BOOST_AUTO_TEST_SUITE_END()
