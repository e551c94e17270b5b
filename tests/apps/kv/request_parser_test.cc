#include "apps/kv/request_parser.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::kv;

namespace {

using request = std::vector<std::string>;
using requests = std::vector<request>;

// A parser, and what came out of it.
struct conversation {
    request_limits limits;
    byte_budget budget{1 << 20};
    request_parser parser{limits, budget};
    requests seen;
    std::string error;

    conversation() = default;
    explicit conversation(request_limits l, uint64_t bytes = 1 << 20) : limits(l), budget(bytes) {}

    // One read. False after an error.
    bool read(std::string_view bytes) {
        parser.feed(buffer::copy_of(bytes));
        for (;;) {
            switch (parser.next()) {
                case request_parser::outcome::request:
                    seen.emplace_back(parser.request().begin(), parser.request().end());
                    break;
                case request_parser::outcome::incomplete:
                    if (parser.detach()) return true;
                    error = "over budget";
                    return false;
                case request_parser::outcome::malformed:
                    error = parser.error();
                    return false;
            }
        }
    }
};

std::string refusal(std::string_view bytes, request_limits limits = {}) {
    conversation c(limits);
    return c.read(bytes) ? "accepted" : c.error;
}

requests parse(std::string_view bytes) {
    conversation c;
    BOOST_TEST(c.read(bytes), c.error);
    return c.seen;
}

std::string encode(const request& r) {
    std::string out = "*" + std::to_string(r.size()) + "\r\n";
    for (const auto& a : r) out += "$" + std::to_string(a.size()) + "\r\n" + a + "\r\n";
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_request_parser)

BOOST_AUTO_TEST_CASE(a_request_is_an_array_of_bulks) {
    BOOST_TEST((parse("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n") == requests{{"SET", "k", "a\r\nb"}}));
    BOOST_TEST((parse("*1\r\n$0\r\n\r\n") == requests{{""}}));
}

BOOST_AUTO_TEST_CASE(one_read_may_hold_many_requests) {
    BOOST_TEST((parse("*1\r\n$4\r\nPING\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") ==
                requests{{"PING"}, {"PING"}, {"GET", "k"}}));
}

BOOST_AUTO_TEST_CASE(arguments_lie_in_the_buffer_that_was_read) {
    request_limits limits;
    byte_budget budget(1000);
    request_parser parser(limits, budget);
    buffer b = buffer::copy_of("*1\r\n$4\r\nPING\r\n");
    const char* data = b.data();
    parser.feed(std::move(b));
    BOOST_TEST((parser.next() == request_parser::outcome::request));
    BOOST_TEST((parser.request()[0].data() == data + 8));
    BOOST_TEST(budget.used() == 0u);
}

BOOST_AUTO_TEST_CASE(numbers_of_any_length_are_read) {
    for (size_t size : {0u, 1u, 9u, 10u, 99u, 100u, 1000u, 12345u})
        for (size_t count : {1u, 2u, 6u, 7u, 9u, 10u, 100u}) {
            const request r(count, std::string(size, 'x'));
            BOOST_TEST((parse(encode(r) + encode({"PING"})) == requests{r, {"PING"}}));
        }
    BOOST_TEST((parse("*01\r\n$004\r\nPING\r\n") == requests{{"PING"}}));
}

BOOST_AUTO_TEST_CASE(names_are_told_in_lower_case_whatever_the_form) {
    request_limits limits;
    byte_budget budget(1000);
    request_parser parser(limits, budget);
    parser.feed(buffer::copy_of(
        "*1\r\n$4\r\nPiNG\r\n*2\r\n$3\r\nget\r\n$1\r\nk\r\nFlushDB\r\n*1\r\n$9\r\nabcdefghi\r\n"));
    for (std::string_view name : {"ping", "get", "flushdb", ""}) {
        BOOST_REQUIRE((parser.next() == request_parser::outcome::request));
        BOOST_TEST((parser.name() == command_word(name)));
    }
}

BOOST_AUTO_TEST_CASE(empty_requests_are_skipped) {
    BOOST_TEST((parse("*0\r\n*-1\r\n\r\n  \r\nPING\r\n") == requests{{"PING"}}));
}

BOOST_AUTO_TEST_CASE(any_cut_into_reads_gives_the_same_requests) {
    requests sent{
        {"SET", "key", std::string(300, 'v')}, {"PING"}, {"MGET", "a", "b", "", "c"}, {"GET", "key"}};
    std::string bytes = "*0\r\n";
    for (const auto& r : sent) bytes += encode(r) + "\r\n";
    bytes += "set 'in line' \"x\\n\"\r\n";
    sent.push_back({"set", "in line", "x\n"});
    conversation slow;
    for (char c : bytes) BOOST_REQUIRE(slow.read({&c, 1}));
    BOOST_TEST((slow.seen == sent));
    std::mt19937 rng(7);
    for (int round = 0; round < 300; ++round) {
        conversation c;
        for (std::string_view rest = bytes; !rest.empty();) {
            size_t n = std::min<size_t>(rest.size(), 1 + rng() % 150);
            BOOST_REQUIRE(c.read(rest.substr(0, n)));
            rest.remove_prefix(n);
        }
        BOOST_REQUIRE((c.seen == sent));
    }
}

namespace {

// Of few names, numbers and sizes, so that many follow one that begins alike.
requests alike_requests(std::mt19937& rng, size_t n) {
    const std::string names[] = {"GET", "SET", "get", "DEL", "INCR", "APPEND", "UNKNOWN8", "LONGNAMES"};
    const size_t sizes[] = {0, 1, 3, 9, 10, 16, 99, 100};
    requests all;
    while (all.size() < n) {
        request r{names[rng() % 8]};
        for (unsigned more = rng() % 8; more != 0; --more) r.emplace_back(sizes[rng() % 8], 'x');
        for (unsigned again = 1 + rng() % 3; again != 0; --again) all.push_back(r);
    }
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(requests_that_begin_like_the_one_before_are_parsed_like_the_first) {
    std::mt19937 rng(7);
    const requests sent = alike_requests(rng, 2000);
    std::string bytes;
    for (const auto& r : sent) bytes += encode(r);
    conversation c;
    c.parser.feed(buffer::copy_of(bytes));
    for (size_t i = 0; i < sent.size(); ++i) {
        BOOST_REQUIRE((c.parser.next() == request_parser::outcome::request));
        const request got(c.parser.request().begin(), c.parser.request().end());
        BOOST_REQUIRE((got == sent[i]));
        BOOST_REQUIRE((c.parser.name() == command_word(sent[i][0])));
        const bool same = i != 0 && sent[i - 1][0] == sent[i][0] && sent[i - 1].size() == sent[i].size();
        BOOST_REQUIRE((same || !c.parser.repeats()));
    }
    BOOST_TEST((c.parser.next() == request_parser::outcome::incomplete));
}

BOOST_AUTO_TEST_CASE(a_name_that_only_ends_like_the_one_before_is_another) {
    for (std::string before : {"GET", "EXPIRE", "PERSIST", "FLUSHALL"})
        for (size_t at = 0; at < before.size(); ++at) {
            std::string name = before;
            name[at] = 'x';
            conversation c;
            c.parser.feed(buffer::copy_of(encode({before, "k"}) + encode({name, "k"})));
            BOOST_REQUIRE((c.parser.next() == request_parser::outcome::request));
            BOOST_REQUIRE((c.parser.next() == request_parser::outcome::request));
            BOOST_TEST((c.parser.name() == command_word(name)), name << " behind " << before);
            BOOST_TEST(!c.parser.repeats(), name << " behind " << before);
        }
}

BOOST_AUTO_TEST_CASE(repeated_requests_may_be_cut_at_every_byte) {
    const requests sent{{"GET", "key:000000000001"},
                        {"GET", "key:000000000001"},
                        {"GET", "k"},
                        {"SET", "k", "v"},
                        {"SET", "k", "v"},
                        {"PING"},
                        {"PING"},
                        {"GET", ""},
                        {"GET", std::string(100, 'x')}};
    std::string bytes;
    for (const auto& r : sent) bytes += encode(r);
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
        conversation c;
        BOOST_REQUIRE(c.read(std::string_view(bytes).substr(0, cut)));
        BOOST_REQUIRE(c.read(std::string_view(bytes).substr(cut)));
        BOOST_TEST((c.seen == sent), "cut at " << cut);
    }
}

BOOST_AUTO_TEST_CASE(any_wrong_byte_of_a_repeated_request_is_seen_as_in_the_first) {
    const std::string good = encode({"GET", "key:000000000001"});
    for (size_t at = 0; at < good.size(); ++at)
        for (char c : {'\0', '\r', '\n', '*', '$', '9', 'x', '\xff'}) {
            std::string bad = good;
            bad[at] = c;
            conversation first, repeated;
            const bool accepted = first.read(bad);
            BOOST_TEST(repeated.read(good + bad) == accepted);
            BOOST_TEST(repeated.error == first.error);
            first.seen.insert(first.seen.begin(), {"GET", "key:000000000001"});
            BOOST_TEST((repeated.seen == first.seen), "byte " << at);
        }
}

BOOST_AUTO_TEST_CASE(zeros_are_like_no_request_before) {
    conversation c;
    BOOST_TEST(c.read(std::string(64, '\0')));
    BOOST_TEST(c.seen.empty());
}

BOOST_AUTO_TEST_CASE(requests_of_one_read_keep_their_bytes_until_it_is_detached) {
    conversation c;
    BOOST_REQUIRE(c.read("*2\r\n$3\r\nGET\r\n$6\r\nabc"));
    c.parser.feed(buffer::copy_of("def\r\n*2\r\n$3\r\nGET\r\n$3\r\nxyz\r\n'qu oted'\r\n*2\r\n$3"));
    std::vector<std::string_view> views;
    while (c.parser.next() == request_parser::outcome::request)
        views.insert(views.end(), c.parser.request().begin(), c.parser.request().end());
    BOOST_TEST((views == std::vector<std::string_view>{"GET", "abcdef", "GET", "xyz", "qu oted"}));
    BOOST_TEST(c.parser.detach());
    BOOST_REQUIRE(c.read("\r\nGET\r\n$1\r\nz\r\n"));
    BOOST_TEST((c.seen == requests{{"GET", "z"}}));
}

BOOST_AUTO_TEST_CASE(malformed_requests_are_refused_in_the_words_of_redis) {
    BOOST_TEST(refusal("*x\r\n") == "invalid multibulk length");
    BOOST_TEST(refusal("*1\n$4\r\n") == "invalid multibulk length");
    BOOST_TEST(refusal("*99999999999999999999\r\n") == "invalid multibulk length");
    BOOST_TEST(refusal("*1\r\nPING\r\n") == "expected '$', got 'P'");
    BOOST_TEST(refusal(std::string_view("*1\r\n\0", 5)) == "expected '$', got '?'");
    BOOST_TEST(refusal("*1\r\n$-1\r\n") == "invalid bulk length");
    BOOST_TEST(refusal("*1\r\n$\r\n") == "invalid bulk length");
    BOOST_TEST(refusal("*1\r\n$4x\r\nPING\r\n") == "invalid bulk length");
    BOOST_TEST(refusal("*1\r\n$4\r\nPINGPONG") == "expected CRLF behind a bulk");
    BOOST_TEST(refusal("SET \"a\r\n") == "unbalanced quotes in request");
}

BOOST_AUTO_TEST_CASE(limits_are_kept) {
    request_limits small{.argument_bytes = 100, .arguments = 6, .inline_bytes = 20};
    BOOST_TEST(refusal(encode({"a", "b", "c", "d", "e", std::string(100, 'x')}), small) == "accepted");
    BOOST_TEST(refusal("*7\r\n", small) == "invalid multibulk length");
    BOOST_TEST(refusal("*1\r\n$101\r\n", small) == "invalid bulk length");
    BOOST_TEST(refusal(std::string(21, 'x'), small) == "too big inline request");
    BOOST_TEST(refusal(std::string(21, 'x') + "\r\n", small) == "too big inline request");
    BOOST_TEST(refusal("a b c d e f\r\n", small) == "accepted");
    BOOST_TEST(refusal("a b c d e f g\r\n", small) == "too many arguments");
}

BOOST_AUTO_TEST_CASE(unfinished_requests_stay_within_the_budget) {
    conversation c({}, 1000);
    BOOST_TEST(c.read("*2\r\n$3\r\nSET\r\n$5000\r\n"));
    BOOST_TEST(!c.read(std::string(3000, 'x')));
    BOOST_TEST(c.error == "too much unfinished input");
    conversation at_once({}, 1000);
    BOOST_TEST(!at_once.read("*2\r\n$3\r\nSET\r\n$5000\r\n" + std::string(3000, 'x')));
    BOOST_TEST(at_once.budget.used() <= 1000u);
}

BOOST_AUTO_TEST_CASE(arguments_without_bytes_count_against_the_budget) {
    conversation c({}, 1 << 20);
    BOOST_TEST(c.read("*1000000\r\n"));
    std::string empty;
    for (int i = 0; i < 1000; ++i) empty += "$0\r\n\r\n";
    size_t reads = 0;
    while (reads < 70 && c.read(empty)) ++reads;
    BOOST_TEST(reads < 66u);  // 1000 views in each, 2^20 bytes of views in all
    BOOST_TEST(!c.error.empty());
}

BOOST_AUTO_TEST_CASE(what_a_large_request_took_is_given_back) {
    request_limits limits;
    byte_budget budget(1 << 20);
    {
        request_parser parser(limits, budget);
        std::string big = encode({"SET", "k", std::string(100'000, 'x')});
        for (std::string_view rest = big; !rest.empty();
             rest.remove_prefix(std::min<size_t>(rest.size(), 1000))) {
            parser.feed(buffer::copy_of(rest.substr(0, 1000)));
            if (parser.next() == request_parser::outcome::request) {
                BOOST_TEST(parser.request()[2].size() == 100'000u);
                BOOST_TEST((parser.next() == request_parser::outcome::incomplete));
            }
            BOOST_REQUIRE(parser.detach());
        }
        BOOST_TEST(budget.used() <= 512u);
        parser.feed(buffer::copy_of("*2\r\n$3"));
        BOOST_TEST((parser.next() == request_parser::outcome::incomplete));
        BOOST_TEST(parser.detach());
        BOOST_TEST(budget.used() > 0u);
    }
    BOOST_TEST(budget.used() == 0u);
}

BOOST_AUTO_TEST_CASE(quotes_follow_the_rules_of_redis) {
    BOOST_TEST((parse("a \"b c\" 'd\\'e' \"\\x41\\n\\\\\\q\" f\"g\"\r\n") ==
                requests{{"a", "b c", "d'e", "A\n\\q", "fg"}}));
    BOOST_TEST((parse("set k \"\"\n") == requests{{"set", "k", ""}}));
    BOOST_TEST(refusal("a \"b\"c\r\n") == "unbalanced quotes in request");
    BOOST_TEST(refusal("a 'b\r\n") == "unbalanced quotes in request");
}

BOOST_AUTO_TEST_CASE(random_bytes_are_parsed_or_refused_without_harm) {
    const std::string alphabet = "*$0123456789\r\n\r\n-ab \"'\\x";
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::mt19937 rng(seed);
        conversation c({.argument_bytes = 200, .arguments = 20, .inline_bytes = 100}, 5000);
        for (int read = 0; read < 30; ++read) {
            std::string bytes;
            if (rng() % 4 == 0) bytes = encode({"GET", std::string(rng() % 50, 'k')});
            for (unsigned n = rng() % 60; n != 0; --n) bytes += alphabet[rng() % alphabet.size()];
            if (rng() % 2 == 0) bytes.resize(rng() % (bytes.size() + 1));
            if (!bytes.empty() && !c.read(bytes)) break;
        }
        for (const auto& r : c.seen) BOOST_REQUIRE((!r.empty() && r.size() <= 100));
    }
}

BOOST_AUTO_TEST_SUITE_END()
