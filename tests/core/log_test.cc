#include "core/log.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace;

namespace {

// Collects what is logged while it lives, and restores levels and sink.
struct captured_log {
    captured_log() {
        set_log_sink([this](const log_line& l) {
            messages.push_back(std::string(name_of(l.level)) + " " + std::string(l.logger) + " " +
                               std::string(l.message));
            texts.emplace_back(l.text);
        });
    }
    ~captured_log() {
        set_log_sink({});
        set_log_levels("info");
    }
    std::vector<std::string> messages, texts;
};

struct unformattable {};

}  // namespace

template <>
struct fmt::formatter<unformattable> : fmt::formatter<int> {
    template <typename Context>
    auto format(const unformattable&, Context& context) const -> decltype(context.out()) {
        throw std::runtime_error("no");
    }
};

BOOST_AUTO_TEST_SUITE(logging)

BOOST_AUTO_TEST_CASE(lines_below_the_level_are_not_written) {
    captured_log capture;
    logger l("room");
    l.debug("not {}", 1);
    l.info("but {}", 2);
    l.error("and {}", 3);
    BOOST_TEST((capture.messages == std::vector<std::string>{"info room but 2", "error room and 3"}));
}

BOOST_AUTO_TEST_CASE(levels_are_set_for_all_and_by_name) {
    captured_log capture;
    logger tcp("tcp"), net("net");
    set_log_levels("warn,tcp=trace");
    BOOST_TEST((tcp.level() == log_level::trace));
    BOOST_TEST((net.level() == log_level::warn));
    set_log_levels("net=debug");
    BOOST_TEST((tcp.level() == log_level::info));
    BOOST_TEST(net.enabled(log_level::debug));
    BOOST_TEST(!net.enabled(log_level::trace));
}

BOOST_AUTO_TEST_CASE(a_logger_made_later_gets_its_level) {
    captured_log capture;
    set_log_levels("error,late=debug");
    BOOST_TEST((missing_loggers() == std::vector<std::string>{"late"}));
    logger late("late"), other("other");
    BOOST_TEST(missing_loggers().empty());
    const auto names = logger_names();
    BOOST_TEST(std::count(names.begin(), names.end(), "late") == 1);
    BOOST_TEST((late.level() == log_level::debug));
    BOOST_TEST((other.level() == log_level::error));
}

BOOST_AUTO_TEST_CASE(wrong_levels_are_refused_and_change_nothing) {
    captured_log capture;
    logger l("room");
    set_log_levels("debug");
    for (const char* wrong : {"loud", "info,room=", "info,=debug", "room=3", "INFO", "info,,debug"})
        BOOST_CHECK_THROW(set_log_levels(wrong), std::invalid_argument);
    BOOST_TEST((l.level() == log_level::debug));
}

BOOST_AUTO_TEST_CASE(a_line_names_time_level_shard_and_logger) {
    captured_log capture;
    manual_clock clock(time_point(std::chrono::milliseconds(12'345)));
    logger l("tcp");
    log_origin before = set_log_origin({3, &clock});
    l.warn("{} and {}", "this", 4);
    set_log_origin(before);
    BOOST_REQUIRE_EQUAL(capture.texts.size(), 1u);
    BOOST_TEST(capture.texts[0] == "12.345000 warn  3 tcp: this and 4\n");
}

BOOST_AUTO_TEST_CASE(outside_of_shards_the_time_of_day_is_shown) {
    captured_log capture;
    logger("main").info("hello");
    std::string line = capture.texts.at(0);
    BOOST_TEST(line.size() == std::string("2000-01-01T00:00:00.000000Z info  - main: hello\n").size());
    BOOST_TEST(line.ends_with("Z info  - main: hello\n"));
}

BOOST_AUTO_TEST_CASE(a_message_cannot_fake_a_second_line) {
    captured_log capture;
    logger("kv").info("name {}", "x\n2000-01-01 error\r\x1b[31m");
    BOOST_TEST(capture.messages.at(0) == "info kv name x 2000-01-01 error  [31m");
}

BOOST_AUTO_TEST_CASE(a_long_message_stays_whole) {
    captured_log capture;
    logger("kv").info("{}", std::string(5000, 'x'));
    BOOST_TEST(capture.messages.at(0).size() == 5000 + std::string("info kv ").size());
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_formatted_does_not_throw) {
    captured_log capture;
    logger("kv").info("{}", unformattable());
    BOOST_TEST(capture.messages.empty());
}

BOOST_AUTO_TEST_SUITE_END()
