// Edges of kernel descriptors.
#include "core/fd_watch.hh"

#include "core/reactor.hh"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace millrace;

namespace {

struct recording_watch final : fd_watch {
    std::vector<readiness> seen;
    std::function<void()> then = [] {};
    void on_ready(readiness r) noexcept override {
        seen.push_back(r);
        const auto f = then;  // which may destroy this
        f();
    }
};

struct fixture {
    manual_clock clock;
    reactor loop{{.time = &clock}};
    int fds[2] = {-1, -1};

    fixture() { BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0); }
    ~fixture() {
        for (int fd : fds)
            if (fd >= 0) ::close(fd);
    }
    void say(std::string_view text) { BOOST_REQUIRE(::write(fds[1], text.data(), text.size()) > 0); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(core_fd_watch, fixture)

BOOST_AUTO_TEST_CASE(each_edge_is_told_once) {
    recording_watch w;
    {
        reactor::scope here(loop);
        w.watch(fds[0], attention::every_turn);
    }
    BOOST_TEST(loop.turn());
    BOOST_TEST(w.seen.size() == 1u);
    BOOST_TEST(w.seen[0].writable);
    BOOST_TEST(!w.seen[0].readable);
    BOOST_TEST(!loop.turn());
    say("x");
    BOOST_TEST(loop.turn());
    BOOST_TEST(!loop.turn());
    BOOST_TEST(w.seen.size() == 2u);
    BOOST_TEST(w.seen[1].readable);
    ::close(std::exchange(fds[1], -1));
    loop.turn();
    BOOST_TEST(w.seen.size() == 3u);
    BOOST_TEST(w.seen[2].failed);
}

BOOST_AUTO_TEST_CASE(occasional_descriptors_are_looked_at_once_in_a_while) {
    recording_watch w;
    reactor::scope here(loop);
    w.watch(fds[0], attention::occasionally);
    loop.turn();
    BOOST_TEST(w.seen.empty());
    clock.advance(std::chrono::microseconds(30));
    loop.turn();
    BOOST_TEST(w.seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_watch_that_goes_while_edges_are_told_hears_nothing_more) {
    auto first = std::make_unique<recording_watch>();
    auto second = std::make_unique<recording_watch>();
    int told = 0;
    auto destroy_both = [&] {
        ++told;
        first.reset();
        second.reset();
    };
    first->then = destroy_both;
    second->then = destroy_both;
    {
        reactor::scope here(loop);
        first->watch(fds[0], attention::every_turn);
        second->watch(fds[1], attention::every_turn);
    }
    loop.turn();
    loop.turn();
    BOOST_TEST(told == 1);
}

BOOST_AUTO_TEST_SUITE_END()
