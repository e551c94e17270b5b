// GET and SET between the client's dialect and the server's responder, whole, in pieces, and with nonsense.
#include "apps/perf/resp.hh"

#include "apps/perf/responder.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace millrace::perf;

namespace {

struct talk {
    pattern bytes{1000};
    resp_dialect dialect{bytes, 5, true};
    resp_store store;
    responder server{store};
    std::vector<resp_request> asked;

    std::string requests() const {
        std::string out;
        for (const resp_request r : asked) {
            std::string one(dialect.size_of(r), '?');
            BOOST_REQUIRE(dialect.put(one.data(), r) == one.data() + one.size());
            out += one;
        }
        return out;
    }
    std::string replies() {
        std::string out;
        BOOST_REQUIRE(server.feed(requests(), out));
        return out;
    }
    // What the client says of these bytes; empty: they are all right.
    std::string judge(std::string_view text, resp_dialect::progress p = {}) const {
        return dialect.take(asked, p, text) ? std::string() : dialect.complaint(asked, p, text);
    }
};

constexpr resp_request get(uint32_t key) {
    return {.key = key & 0x7fffffff, .is_set = 0};
}
constexpr resp_request set(uint32_t key) {
    return {.key = key & 0x7fffffff, .is_set = 1};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(perf_resp, talk)

BOOST_AUTO_TEST_CASE(requests_are_those_of_redis_clients) {
    asked = {get(123'456), set(7)};
    const std::string text = requests();
    BOOST_TEST(
        text.starts_with("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000123456\r\n"
                         "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$5\r\n"));
    BOOST_TEST(text.ends_with("\r\n"));
}

BOOST_AUTO_TEST_CASE(what_was_set_is_got) {
    asked = {set(1), set(1 << 30), get(1), get(1 << 30), set(2), get(2)};
    const std::string text = replies();
    resp_dialect::progress p;
    std::string_view rest = text;
    BOOST_TEST(dialect.take(asked, p, rest));
    BOOST_TEST(p.answered == asked.size());
    BOOST_TEST(rest.empty());
    BOOST_TEST(server.take_answered() == 6u);
    BOOST_TEST(server.take_answered() == 0u);
}

BOOST_AUTO_TEST_CASE(replies_may_come_in_any_pieces) {
    asked = {set(1), get(1), get(1), set(3), get(3)};
    const std::string text = replies();
    for (size_t piece = 1; piece <= text.size(); ++piece) {
        resp_dialect::progress p;
        for (size_t at = 0; at < text.size(); at += piece) {
            std::string_view part = std::string_view(text).substr(at, piece);
            BOOST_REQUIRE(dialect.take(asked, p, part));
        }
        BOOST_TEST(p.answered == asked.size());
    }
}

BOOST_AUTO_TEST_CASE(requests_may_come_in_any_pieces) {
    asked = {set(1), get(1), set(3), get(4)};
    const std::string text = requests();
    std::string whole;
    responder(store).feed(text, whole);
    for (size_t piece = 1; piece < text.size(); ++piece) {
        responder r(store);
        std::string out;
        for (size_t at = 0; at < text.size(); at += piece)
            BOOST_REQUIRE(r.feed(std::string_view(text).substr(at, piece), out));
        BOOST_TEST(out == whole);
    }
}

BOOST_AUTO_TEST_CASE(every_other_byte_of_a_reply_is_noticed) {
    asked = {set(1), get(1)};
    const std::string text = replies();
    for (size_t i = 0; i < text.size(); ++i) {
        std::string wrong = text;
        wrong[i] ^= 1;
        BOOST_TEST(judge(wrong) != "", i);
    }
}

BOOST_AUTO_TEST_CASE(nonsense_is_told_in_a_sentence) {
    asked = {get(5), set(6)};
    BOOST_TEST(judge("-ERR no\r\n") == "answered '-ERR no' to a GET");
    BOOST_TEST(judge("HTTP/1.1 400\r\n\r\n") == "answered 'HTTP/1.1 400' to a GET");
    BOOST_TEST(judge("$-1\r\n") == "has no key 5 any more; something else may use its keys");
    BOOST_TEST(judge("$4\r\nabcd\r\n") == "answered '$4' to a GET");
    BOOST_TEST(judge("$5\r\nabcde\r\n") == "answered a GET of key 5 with other bytes than were stored");
    BOOST_TEST(judge("-OOM\x01\r\n", {.answered = 1, .offset = 0}) == "answered '-OOM.' to a SET");
    BOOST_TEST(judge("+OK\r\n+OK\r\n", {.answered = 1, .offset = 0}) == "answered more than it was asked");
    BOOST_TEST(judge(std::string(1000, 'x')).size() < 120u);
    asked.clear();
    BOOST_TEST(judge("+OK\r\n") == "answered more than it was asked");
}

BOOST_AUTO_TEST_CASE(values_go_unchecked_if_asked_for_but_not_their_lengths) {
    resp_dialect lax(bytes, 5, false);
    asked = {get(5)};
    resp_dialect::progress p;
    std::string_view text = "$5\r\nabcde\r\n";
    BOOST_TEST(lax.take(asked, p, text));
    BOOST_TEST(p.answered == 1u);
    p = {};
    text = "$6\r\nabcdef\r\n";
    BOOST_TEST(!lax.take(asked, p, text));
}

BOOST_AUTO_TEST_CASE(the_server_refuses_what_is_no_request) {
    for (const char* wrong :
         {"GET a\r\n", "*0\r\n", "*9\r\n", "*x\r\n", "*2\r\n+GET\r\n", "*2\r\n$3\r\nGETx\r\n$1\r\na\r\n",
          "*1\r\n$99999999\r\n", "*123456789012345", "*-1\r\n"}) {
        std::string out;
        BOOST_TEST(!responder(store).feed(wrong, out), wrong);
        BOOST_TEST(out == "-ERR Protocol error\r\n");
    }
    std::string out;
    BOOST_TEST(server.feed("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", out));
    BOOST_TEST(out == "-ERR millrace-perf knows GET and SET only\r\n$-1\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
