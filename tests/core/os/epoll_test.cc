#include "core/os/epoll.hh"

#include "core/reactor.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

struct a_pipe {
    a_pipe() { BOOST_REQUIRE(::pipe(ends) == 0); }
    ~a_pipe() {
        ::close(ends[0]);
        finish();
    }
    void put() { BOOST_REQUIRE(::write(ends[1], "x", 1) == 1); }
    void finish() {
        if (ends[1] >= 0) ::close(ends[1]);
        ends[1] = -1;
    }
    int ends[2];
};

class listener final : public fd_watch {
 public:
    ~listener() override { unwatch(); }
    std::string heard;  // a letter for each thing that was told, a blank behind each telling
    listener* ends = nullptr;

 private:
    void on_ready(readiness r) noexcept override {
        if (r.readable) heard += 'r';
        if (r.writable) heard += 'w';
        if (r.finished) heard += 'f';
        if (r.failed) heard += '!';
        heard += ' ';
        if (ends) ends->unwatch();
    }
};

// A reactor's own one, as watches go through it.
struct watched {
    reactor loop;
    reactor::scope here{loop};
    epoll& e = loop.epoll();

    bool look() {
        e.wait(duration::zero());
        return e.dispatch();
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(os)

BOOST_FIXTURE_TEST_CASE(what_becomes_ready_is_told_once, watched) {
    a_pipe p;
    listener l;
    BOOST_TEST(!e.watching());
    l.watch(p.ends[0], attention::occasionally);
    BOOST_TEST(e.watching());
    BOOST_TEST(!e.watching_every_turn());
    BOOST_TEST(!look());
    p.put();
    BOOST_TEST(look());
    BOOST_TEST(!look());
    p.put();
    BOOST_TEST(look());
    BOOST_TEST(l.heard == "r r ");
    l.unwatch();
    BOOST_TEST(!e.watching());
    p.put();
    BOOST_TEST(!look());
}

BOOST_FIXTURE_TEST_CASE(the_other_ends_end_is_told, watched) {
    a_pipe p;
    listener l;
    l.watch(p.ends[0], attention::every_turn);
    BOOST_TEST(e.watching_every_turn());
    p.finish();
    BOOST_TEST(look());
    BOOST_TEST(l.heard.find('f') != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(what_was_found_ready_may_be_unwatched_by_another, watched) {
    a_pipe p, q;
    listener first, second;
    first.watch(p.ends[0], attention::occasionally);
    second.watch(q.ends[0], attention::occasionally);
    first.ends = &second;
    second.ends = &first;
    p.put();
    q.put();
    BOOST_TEST(look());
    BOOST_TEST(first.heard.size() + second.heard.size() == 2u);
    BOOST_TEST((first.watching() != second.watching()));
}

BOOST_FIXTURE_TEST_CASE(a_wakeup_ends_a_sleep_and_tells_nobody, watched) {
    const int fd = ::eventfd(1, EFD_CLOEXEC);
    BOOST_REQUIRE(fd >= 0);
    e.add_wakeup(fd);
    BOOST_TEST(!e.watching());
    e.wait(duration(-1));  // would sleep for ever
    BOOST_TEST(!e.dispatch());
    e.remove_wakeup(fd);
    ::close(fd);
}

BOOST_FIXTURE_TEST_CASE(a_closed_descriptor_cannot_be_watched, watched) {
    listener l;
    BOOST_CHECK_THROW(l.watch(-1, attention::occasionally), std::system_error);
    BOOST_TEST(!l.watching());
    BOOST_TEST(!e.watching());
}

BOOST_AUTO_TEST_SUITE_END()
