// Work in the background: counted, and logged when it fails.
#include "core/background.hh"

#include "core/log.hh"
#include "core/promise.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace;

namespace {

struct captured_log {
    captured_log() {
        set_log_sink([this](const log_line& l) { lines.emplace_back(l.message); });
    }
    ~captured_log() { set_log_sink({}); }
    std::vector<std::string> lines;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(work_is_counted_while_it_runs) {
    test::shard shard;
    promise<> p;
    promise<int> q;
    background(p.get_future());
    background(q.get_future());
    background(make_ready_future<>());
    BOOST_TEST(background_count() == 2u);
    auto done = background_done();
    p.set_value();
    shard.run();
    BOOST_TEST(background_count() == 1u);
    BOOST_TEST(!done.available());
    q.set_value(1);
    shard.run();
    BOOST_TEST(done.available());
    BOOST_TEST(background_done().available());
}

BOOST_AUTO_TEST_CASE(failure_is_one_log_line_with_its_origin) {
    test::shard shard;
    captured_log log;
    promise<> p;
    background(p.get_future());
    p.set_exception(std::runtime_error("later"));
    shard.run();
    background(make_exception_future<>(std::runtime_error("at once")));
    BOOST_TEST_REQUIRE(log.lines.size() == 2u);
    BOOST_TEST(log.lines[0].find("later (from ") != std::string::npos);
    BOOST_TEST(log.lines[1].find("background_test.cc") != std::string::npos);
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(work_ends_with_its_shard) {
    test::shard shard;
    promise<> p;
    background(p.get_future());
    auto done = background_done();
    shard.end();
    p.set_value();
}

BOOST_AUTO_TEST_SUITE_END()
