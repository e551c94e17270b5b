// Readiness as futures.
#include "core/io.hh"

#include "core/error.hh"
#include "core/reactor.hh"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

using namespace millrace;

namespace {

struct fixture {
    manual_clock clock;
    reactor loop{{.time = &clock}};
    reactor::scope here{loop};
    int fds[2] = {-1, -1};
    std::optional<pollable_fd> p;

    fixture() {
        BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        p.emplace(fds[0], attention::every_turn);
    }
    ~fixture() {
        p.reset();
        for (int fd : fds) ::close(fd);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(core_io, fixture)

BOOST_AUTO_TEST_CASE(readable_resolves_when_bytes_arrive) {
    auto readable = p->readable();
    loop.turn();
    BOOST_TEST(!readable.available());
    BOOST_REQUIRE(::write(fds[1], "x", 1) == 1);
    loop.turn();
    BOOST_TEST(readable.available());
    readable.get();
}

BOOST_AUTO_TEST_CASE(an_edge_before_the_question_is_not_lost) {
    BOOST_REQUIRE(::write(fds[1], "x", 1) == 1);
    loop.turn();
    auto readable = p->readable();
    BOOST_TEST(readable.available());
    readable.get();
    auto writable = p->writable();
    BOOST_TEST(writable.available());
    writable.get();
    auto again = p->readable();  // nothing new since
    loop.turn();
    BOOST_TEST(!again.available());
    p.reset();
    BOOST_TEST(again.failed());
    again.ignore_ready_future();
}

BOOST_AUTO_TEST_CASE(who_waits_when_it_goes_is_told) {
    auto readable = p->readable();
    p.reset();
    BOOST_TEST(readable.failed());
    try {
        readable.get();
    } catch (const std::system_error& e) {
        BOOST_TEST((e.code() == errc::aborted));
    }
}

BOOST_AUTO_TEST_SUITE_END()
