// The entry point of every test program; the framework is linked as a shared library. A program of many tests
// (MILLRACE_UNITY) has a suite for each, and runs that which MILLRACE_TEST names, as if it were alone.
#define BOOST_TEST_NO_MAIN
#include <boost/test/tree/visitor.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string_view>
#include <vector>

using namespace boost::unit_test;

namespace {

struct suites_but_one : test_tree_visitor {
    explicit suites_but_one(std::string_view name) : one(name) {}
    bool test_suite_start(const test_suite& s) override {
        if (s.p_id == framework::master_test_suite().p_id) return true;
        if (std::string_view(s.p_name.get()) == one)
            found = true;
        else
            others.push_back(s.p_id);
        return false;
    }

    std::string_view one;
    bool found = false;
    std::vector<test_unit_id> others;
};

bool choose() {
    test_suite& all = framework::master_test_suite();
    all.p_name.value = "millrace";
    const char* name = std::getenv("MILLRACE_TEST");
    if (!name) return true;
    suites_but_one suites(name);
    traverse_test_tree(all, suites, true);
    for (test_unit_id s : suites.others) all.remove(s);
    return suites.found;
}

}  // namespace

int main(int argc, char** argv) {
    return unit_test_main(&choose, argc, argv);
}
