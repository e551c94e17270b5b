#include "tests/packet_script/runner.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::packet_script;

namespace {

// A connection of which the peer's number 4 is told.
const std::string established = R"(
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
)";

report play(const std::string& rest) {
    return run(established + rest);
}

void check_fails(const report& r, const std::string& reason, unsigned line = 9) {
    BOOST_TEST((r.result == verdict::failed));
    BOOST_TEST(r.line == line);
    BOOST_TEST(r.reason.find(reason) != std::string::npos, r.reason);
}

void check_unsupported(const report& r, const std::string& reason) {
    BOOST_TEST((r.result == verdict::unsupported), r.reason);
    BOOST_TEST(r.reason.find(reason) != std::string::npos, r.reason);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(packet_script_runner)

BOOST_AUTO_TEST_CASE(a_script_that_holds_passes) {
    const report r = play("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n");
    BOOST_TEST((r.result == verdict::passed), r.reason);
    BOOST_TEST(r.packets.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_packet_that_differs_is_shown_with_what_was_expected) {
    check_fails(play("+0 write(4, ..., 10) = 10\n+0 > P. 1:12(11) ack 1\n"), "bytes 1:11 instead of 1:12",
                10);
    check_fails(play("+0 write(4, ..., 10) = 10\n+0 > . 1:11(10) ack 1\n"), "flags P. instead of .", 10);
    check_fails(play("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 2\n"), "ack 1 instead of 2", 10);
    check_fails(play("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 <nop,nop,TS val 1 ecr 1>\n"),
                "other options", 10);
}

BOOST_AUTO_TEST_CASE(a_packet_too_late_or_too_early_fails) {
    check_fails(play("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.1 > P. 1:11(10) ack 1\n"),
                "nothing was sent", 11);
    check_fails(play("+0 write(4, ..., 10) = 10\n+.1 > P. 1:11(10) ack 1\n"), "instead of", 10);
}

BOOST_AUTO_TEST_CASE(a_call_that_returns_something_else_fails) {
    check_fails(play("+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n+0 read(4, ..., 10) = 10\n"),
                "returned -1 EAGAIN instead of 10", 10);
    check_fails(play("+0 read(4, ..., 10) = 10\n"), "read() has not returned");
}

BOOST_AUTO_TEST_CASE(an_assertion_that_does_not_hold_fails) {
    check_fails(play("+0 %{ assert tcpi_snd_cwnd == 3, tcpi_snd_cwnd }%\n"), "tcpi_snd_cwnd == 3");
    BOOST_TEST((play("+0 %{ assert tcpi_snd_cwnd > 3 and not (tcpi_snd_mss != 1000) }%\n").result ==
                verdict::passed));
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_unsupported_with_its_name) {
    check_unsupported(play("+0 epoll_create(1) = 5\n"), "epoll_create()");
    check_unsupported(play("+0 setsockopt(4, SOL_TCP, TCP_MD5SIG, ..., 4) = 0\n"), "TCP_MD5SIG");
    check_unsupported(play("+0 < udp (1000)\n"), "udp");
    check_unsupported(play("+0 %{ print(1) }%\n"), "print(1)");
    check_unsupported(run("--ip_version=ipv6\n"), "ipv6");
    check_unsupported(run("--frobnicate=1\n"), "--frobnicate");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_fails_with_its_line) {
    const std::pair<const char*, unsigned> texts[] = {
        {"+0 < S 0:0(0) win\n", 2},
        {"\n\n+0 > . 1:5(9) ack 1\n", 3},
        {"+0 read(4, ...\n", 2},
        {"+0 read(9, ..., 10) = 10\n", 1},
        {"+0 nonsense\n", 2},
        {"/* no end", 1},
        {"+0 < . 1:1(0) win 7\n", 2},
        {"+0 < S 0:0(0) win 99999\n", 1},
        {"+.5~+.1 > . 1:1(0) ack 1\n", 1},
        {"+0 f([[[[[[[[[[[[1]]]]]]]]]]]]) = 0\n", 1},
        {"+0 < S 99999999999999999999:0(0)\n", 1},
    };
    for (const auto& [text, line] : texts) {
        const report r = run(text);
        BOOST_TEST((r.result == verdict::failed), text);
        BOOST_TEST(!r.reason.empty(), text);
        BOOST_TEST(r.line <= line, text);
    }
}

BOOST_AUTO_TEST_CASE(shell_commands_and_comments_are_skipped_with_a_notice) {
    const report r = run("// a comment\n`sysctl -q net.ipv4.tcp_timestamps=0`\n# another\n" + established);
    BOOST_TEST((r.result == verdict::passed), r.reason);
    BOOST_TEST(r.notices.size() == 1u);
}

// RFC 7413: whatever our cookie is, the script's name of it is compared from the second time on.
BOOST_AUTO_TEST_CASE(a_fast_open_cookie_keeps_its_name) {
    const std::string begin = R"(
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_TCP, TCP_FASTOPEN, [5], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,FO>
+0 > S. 0:0(0) ack 1 <mss 1460,FO abcd1234abcd1234>
+0 < S 0:0(0) win 32792 <mss 1000,FO>
)";
    BOOST_TEST(
        (run(begin + "+0 > S. 0:0(0) ack 1 <mss 1460,FO abcd1234abcd1234>\n").result == verdict::passed));
    check_fails(run(begin + "+0 > S. 0:0(0) ack 1 <mss 1460,FO abcd1234abcd1235>\n"), "other options");
    check_fails(run(begin + "+0 > S. 0:0(0) ack 1 <mss 1460>\n"), "other options");
    check_fails(run(begin + "+0 < S 0:0(0) win 1 <FO abc>\n"), "even number of bytes");
    check_unsupported(run("+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
                          "+0 sendto(3, ..., 0, MSG_FASTOPEN, ..., ...) = -1 EINPROGRESS\n"),
                      "MSG_FASTOPEN");
}

BOOST_AUTO_TEST_SUITE_END()
