#include "apps/kv/settings.hh"

#include "core/config.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace millrace;

namespace {

// What is wrong with these arguments; empty if nothing is.
std::string refusal(std::vector<const char*> arguments) {
    kv::settings s;
    config_schema schema("millrace-kv", "");
    kv::declare(schema, s);
    arguments.insert(arguments.begin(), "millrace-kv");
    try {
        schema.parse(int(arguments.size()), arguments.data());
        return "";
    } catch (const config_error& e) {
        return e.what();
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_settings)

BOOST_AUTO_TEST_CASE(the_memory_of_unfinished_commands_has_room_for_a_longest_argument) {
    BOOST_TEST(refusal({}) == "");
    BOOST_TEST(refusal({"--max-argument", "1GiB"}) == "");  // by default there is what that needs
    BOOST_TEST(refusal({"--max-argument", "4MiB", "--max-unfinished", "10MiB"}) == "");
    BOOST_TEST(refusal({"--max-argument", "4MiB", "--max-unfinished", "8MiB"}) ==
               "--max-unfinished: 8MiB is less than one command of max-argument 4MiB may need, 9472KiB");
    BOOST_TEST(refusal({"--max-unfinished", "64MiB"}).find("max-argument") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
