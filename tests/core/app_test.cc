#include "core/app.hh"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <signal.h>
#include <string>
#include <unistd.h>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(app)

BOOST_AUTO_TEST_CASE(a_good_command_line_lets_the_program_run) {
    unsigned shards = 1;
    config_schema schema("prog", "");
    schema.number("shards", shards, "");
    const char* arguments[] = {"prog", "--shards", "2"};
    BOOST_TEST(!start_program(schema, 3, arguments).has_value());
    BOOST_TEST(shards == 2u);
}

BOOST_AUTO_TEST_CASE(help_ends_with_0_and_bad_input_with_2) {
    config_schema schema("prog", "");
    const char* help[] = {"prog", "--help"};
    const char* version[] = {"prog", "--version"};
    const char* wrong[] = {"prog", "--shards"};
    BOOST_TEST(start_program(schema, 2, help).value() == 0);
    BOOST_TEST(start_program(schema, 2, version).value() == 0);
    BOOST_TEST(start_program(schema, 2, wrong).value() == 2);
}

BOOST_AUTO_TEST_CASE(the_version_is_that_of_the_build) {
    std::ifstream build(MILLRACE_SOURCE_DIR "/CMakeLists.txt");
    std::string text((std::istreambuf_iterator<char>(build)), {});
    BOOST_TEST(text.find("project(millrace VERSION " + std::string(version) + " ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(signals_are_handed_out_instead_of_killing) {
    signal_source signals{SIGTERM, SIGUSR1};
    BOOST_TEST(signals.take() == 0);
    raise(SIGTERM);
    BOOST_TEST(signals.take() == SIGTERM);
    raise(SIGUSR1);
    BOOST_TEST(signals.take() == SIGUSR1);
    BOOST_TEST(signals.take() == 0);
}

BOOST_AUTO_TEST_CASE(a_broken_pipe_fails_the_write_only) {
    signal_source signals{SIGTERM};
    int ends[2];
    BOOST_REQUIRE(pipe(ends) == 0);
    close(ends[0]);
    BOOST_TEST(write(ends[1], "x", 1) == -1);
    close(ends[1]);
}

BOOST_AUTO_TEST_SUITE_END()
