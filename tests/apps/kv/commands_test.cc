// What clients see, on one shard and on several: the texts are those of Redis.
#include "apps/kv/connection_commands.hh"
#include "tests/support/allocations.hh"
#include "tests/support/kv_fixture.hh"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace millrace;
using namespace millrace::kv;
using namespace std::chrono_literals;

namespace {

const auto shard_counts = boost::unit_test::data::make({1u, 2u, 5u});

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_commands)

BOOST_DATA_TEST_CASE(values_are_set_and_got, shard_counts) {
    kv_fixture kv(sample);
    BOOST_TEST(kv("get a") == "$-1\r\n");
    BOOST_TEST(kv("SET a hello") == "+OK\r\n");
    BOOST_TEST(kv("gEt a") == "$5\r\nhello\r\n");
    BOOST_TEST(kv("set a ''\nget a\nstrlen a\nset a xyz\nstrlen a\nstrlen b") ==
               "+OK\r\n$0\r\n\r\n:0\r\n+OK\r\n:3\r\n:0\r\n");
    BOOST_TEST(kv("append a 12\nappend new v\nget a\nget new") == ":5\r\n:1\r\n$5\r\nxyz12\r\n$1\r\nv\r\n");
}

BOOST_DATA_TEST_CASE(set_obeys_its_options, shard_counts) {
    kv_fixture kv(sample);
    BOOST_TEST(kv("set k 1 xx") == "$-1\r\n");
    BOOST_TEST(kv("set k 1 nx") == "+OK\r\n");
    BOOST_TEST(kv("set k 2 NX") == "$-1\r\n");
    BOOST_TEST(kv("set k 2 xx get") == "$1\r\n1\r\n");
    BOOST_TEST(kv("set k 3 nx get") == "$1\r\n2\r\n");
    BOOST_TEST(kv("get k") == "$1\r\n2\r\n");
    BOOST_TEST(kv("set new 1 get") == "$-1\r\n");
    BOOST_TEST(kv("set k 4 ex 10\nttl k\nset k 5 keepttl\nttl k\nset k 6\nttl k") ==
               "+OK\r\n:10\r\n+OK\r\n:10\r\n+OK\r\n:-1\r\n");
    BOOST_TEST(kv("set k 7 px 1500\npttl k\nttl k") == "+OK\r\n:1500\r\n:2\r\n");
    for (const char* wrong : {"set k 1 nx xx", "set k 1 ex", "set k 1 ex 5 px 5", "set k 1 keepttl ex 5",
                              "set k 1 ex 5 keepttl", "set k 1 banana"})
        BOOST_TEST(kv(wrong) == "-ERR syntax error\r\n");
    for (const char* wrong : {"set k 1 ex 0", "set k 1 px -1", "set k 1 ex 9223372036854775807"})
        BOOST_TEST(kv(wrong) == "-ERR invalid expire time in 'set' command\r\n");
    BOOST_TEST(kv("set k 1 ex soon") == "-ERR value is not an integer or out of range\r\n");
    BOOST_TEST(kv("set k 1 ex soon banana") == "-ERR syntax error\r\n");  // as in Redis, before numbers
    BOOST_TEST(kv("get k") == "$1\r\n7\r\n");
}

// Or all that comes then would look in two tables.
BOOST_DATA_TEST_CASE(look_ups_alone_bring_a_resize_to_its_end, shard_counts) {
    kv_fixture kv(sample);
    const auto resizing = [&] {
        return std::ranges::any_of(kv.states, [](const auto& s) { return s->keys.resizing(); });
    };
    int keys = 0;
    while (keys < 1000 || !resizing()) {
        BOOST_REQUIRE(keys < 20'000);
        BOOST_REQUIRE(kv(fmt::format("set key{0} {0}", keys)) == "+OK\r\n");
        ++keys;
    }
    for (int k = 0; k < keys; ++k) {
        const std::string value = std::to_string(k);
        BOOST_REQUIRE(kv("get key" + value) == fmt::format("${}\r\n{}\r\n", value.size(), value));
    }
    BOOST_TEST(!resizing());
}

BOOST_DATA_TEST_CASE(set_takes_expiries_in_unix_time, shard_counts) {
    kv_fixture kv(sample);
    for (auto& s : kv.states) s->unix_now = []() noexcept { return int64_t(1'700'000'000'500); };
    BOOST_TEST(kv("set k 1 exat 1700000010\npttl k") == "+OK\r\n:9500\r\n");
    BOOST_TEST(kv("set k 2 PXAT 1700000000750\npttl k") == "+OK\r\n:250\r\n");
    BOOST_TEST(kv("set k 3 xx get pxat 1700000001500\npttl k") == "$1\r\n2\r\n:1000\r\n");
    BOOST_TEST(kv("set k 4 exat 1\nget k\ndbsize") == "+OK\r\n$-1\r\n:0\r\n");  // long ago
    for (const char* wrong :
         {"set k 1 exat 5 px 5", "set k 1 exat", "set k 1 keepttl pxat 5", "set k 1 exat 5 keepttl"})
        BOOST_TEST(kv(wrong) == "-ERR syntax error\r\n");
    for (const char* wrong : {"set k 1 exat 0", "set k 1 pxat -1", "set k 1 exat 9223372036854775807"})
        BOOST_TEST(kv(wrong) == "-ERR invalid expire time in 'set' command\r\n");
}

BOOST_DATA_TEST_CASE(numbers_are_counted, shard_counts) {
    kv_fixture kv(sample);
    BOOST_TEST(kv("incr n\nincr n\ndecr n\nincrby n 40\ndecrby n 50\nget n") ==
               ":1\r\n:2\r\n:1\r\n:41\r\n:-9\r\n$2\r\n-9\r\n");
    BOOST_TEST(kv("set n 9223372036854775807\nincr n\nget n") ==
               "+OK\r\n-ERR increment or decrement would overflow\r\n$19\r\n9223372036854775807\r\n");
    BOOST_TEST(kv("set n -9223372036854775808\ndecr n") ==
               "+OK\r\n-ERR increment or decrement would overflow\r\n");
    BOOST_TEST(kv("decrby n -9223372036854775808") == "-ERR decrement would overflow\r\n");
    for (const char* text : {"abc", "1.5", "''", "' 1'", "01", "-0", "+1", "9223372036854775808", "1\\x00"})
        BOOST_TEST(kv("set n \"" + std::string(text) + "\"\nincr n") ==
                   "+OK\r\n-ERR value is not an integer or out of range\r\n");
    BOOST_TEST(kv("incrby n 1x") == "-ERR value is not an integer or out of range\r\n");
    BOOST_TEST(kv("set n 5 ex 100\nincr n\nttl n") == "+OK\r\n:6\r\n:100\r\n");
}

BOOST_DATA_TEST_CASE(commands_on_many_keys_reach_all_shards, shard_counts) {
    kv_fixture kv(sample);
    BOOST_TEST(kv("mset a 1 b 2 c 3 d 4 e 5 f 6") == "+OK\r\n");
    BOOST_TEST(kv("dbsize") == ":6\r\n");
    BOOST_TEST(kv("mget a x b c d e y f") ==
               "*8\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$-1\r\n$1\r\n6\r\n");
    BOOST_TEST(kv("exists a a b x") == ":3\r\n");
    BOOST_TEST(kv("del a b x a") == ":2\r\n");
    BOOST_TEST(kv("unlink c") == ":1\r\n");
    BOOST_TEST(kv("dbsize\nflushall\ndbsize") == ":3\r\n+OK\r\n:0\r\n");
    BOOST_TEST(kv("set a 1\nflushdb\nget a") == "+OK\r\n+OK\r\n$-1\r\n");
    BOOST_TEST(kv.keys() == 0u);
}

BOOST_DATA_TEST_CASE(a_flush_with_an_unknown_option_flushes_nothing, shard_counts) {
    kv_fixture kv(sample);
    kv("mset a 1 b 2 c 3");
    for (const char* wrong : {"flushall now", "FLUSHDB asyn", "flushall async sync", "flushdb ''"})
        BOOST_TEST(kv(wrong) == "-ERR syntax error\r\n");
    BOOST_TEST(kv("dbsize") == ":3\r\n");
    BOOST_TEST(kv("flushall ASYNC\nset a 1\nflushdb sync\ndbsize") == "+OK\r\n+OK\r\n+OK\r\n:0\r\n");
}

BOOST_DATA_TEST_CASE(replies_of_a_pipeline_keep_their_order, shard_counts) {
    kv_fixture kv(sample);
    std::string commands, expected;
    for (int i = 0; i < 200; ++i) {
        std::string n = std::to_string(i), size = "$" + std::to_string(n.size()) + "\r\n";
        commands += "set key" + n + " " + n + "\nping " + n + "\nmget key" + n + " none\nincr key" + n +
                    "\ndel key" + n + " other\nget key" + n + "\n";
        expected += "+OK\r\n" + size + n + "\r\n*2\r\n" + size + n + "\r\n$-1\r\n:" + std::to_string(i + 1) +
                    "\r\n:1\r\n$-1\r\n";
    }
    BOOST_TEST(kv(commands) == expected);
    BOOST_TEST(kv.keys() == 0u);
}

BOOST_AUTO_TEST_CASE(keys_are_spread_over_shards_in_one_message_each) {
    kv_fixture kv(4);
    std::string commands;
    for (int i = 0; i < 400; ++i) commands += "set key" + std::to_string(i) + " v\n";
    kv(commands);
    for (const auto& s : kv.states) BOOST_TEST((s->keys.size() > 60 && s->keys.size() < 140));
}

BOOST_DATA_TEST_CASE(keys_expire, shard_counts) {
    kv_fixture kv(sample);
    BOOST_TEST(kv("ttl a\npttl a\npersist a\nexpire a 5") == ":-2\r\n:-2\r\n:0\r\n:0\r\n");
    BOOST_TEST(kv("set a 1\nttl a\npersist a") == "+OK\r\n:-1\r\n:0\r\n");
    BOOST_TEST(kv("expire a 10\nttl a\npttl a") == ":1\r\n:10\r\n:10000\r\n");
    kv.now += 9600ms;
    BOOST_TEST(kv("ttl a\npttl a") == ":0\r\n:400\r\n");
    BOOST_TEST(kv("persist a\nttl a") == ":1\r\n:-1\r\n");
    BOOST_TEST(kv("pexpire a 250") == ":1\r\n");
    kv.now += 250ms;
    BOOST_TEST(kv("get a\nexists a\ntype a\nttl a\ndbsize") == "$-1\r\n:0\r\n+none\r\n:-2\r\n:0\r\n");
    BOOST_TEST(kv("set a 1\nexpire a -1\nexists a") == "+OK\r\n:1\r\n:0\r\n");
}

BOOST_DATA_TEST_CASE(expire_obeys_its_conditions, shard_counts) {
    kv_fixture kv(sample);
    kv("set a 1");
    BOOST_TEST(kv("expire a 10 xx\nexpire a 10 gt\nexpire a 10 nx\nexpire a 20 nx") ==
               ":0\r\n:0\r\n:1\r\n:0\r\n");
    BOOST_TEST(kv("expire a 5 gt\nexpire a 30 gt\nexpire a 40 lt\nexpire a 7 lt\nexpire a 8 xx\nttl a") ==
               ":0\r\n:1\r\n:0\r\n:1\r\n:1\r\n:8\r\n");
    BOOST_TEST(kv("expire a 1 zz") == "-ERR Unsupported option zz\r\n");
    BOOST_TEST(kv("expire a 9 xx gt\nexpire a 7 xx gt\nexpire a 20 xx xx\nttl a") ==
               ":1\r\n:0\r\n:1\r\n:20\r\n");
    BOOST_TEST(kv("expire a 1 nx xx") ==
               "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n");
    BOOST_TEST(kv("expire a 1 gt lt") == "-ERR GT and LT options at the same time are not compatible\r\n");
    BOOST_TEST(kv("expire a x zz") == "-ERR Unsupported option zz\r\n");  // as in Redis, before numbers
    BOOST_TEST(kv("expire a x") == "-ERR value is not an integer or out of range\r\n");
    BOOST_TEST(kv("expire a 9223372036854775807") == "-ERR invalid expire time in 'expire' command\r\n");
}

BOOST_DATA_TEST_CASE(wrong_commands_are_refused_in_the_words_of_redis, shard_counts) {
    kv_fixture kv(sample);
    BOOST_TEST(kv("foo") == "-ERR unknown command 'foo', with args beginning with: \r\n");
    BOOST_TEST(kv("foo a 'b c'") == "-ERR unknown command 'foo', with args beginning with: 'a' 'b c' \r\n");
    BOOST_TEST(kv("\"fo\\r\\no\"") == "-ERR unknown command 'fo  o', with args beginning with: \r\n");
    BOOST_TEST(kv(std::string(500, 'x') + " " + std::string(500, 'y')).size() < 400u);
    BOOST_TEST(kv("get") == "-ERR wrong number of arguments for 'get' command\r\n");
    BOOST_TEST(kv("GET a b") == "-ERR wrong number of arguments for 'get' command\r\n");
    BOOST_TEST(kv("mset a 1 b") == "-ERR wrong number of arguments for 'mset' command\r\n");
    BOOST_TEST(kv("dbsize x") == "-ERR wrong number of arguments for 'dbsize' command\r\n");
}

BOOST_DATA_TEST_CASE(writes_are_refused_when_memory_is_full, shard_counts) {
    settings s;
    s.max_memory = 200'000 * sample;
    kv_fixture kv(sample, s);
    std::string refused = "-OOM command not allowed when used memory > 'maxmemory'.\r\n", reply;
    int accepted = 0;
    for (int i = 0; i < 400 * int(sample); ++i) {
        reply = kv("set key" + std::to_string(i) + " " + std::string(1000, 'v'));
        accepted += reply == "+OK\r\n";
        BOOST_TEST((reply == "+OK\r\n" || reply == refused));
    }
    BOOST_TEST(accepted > 100 * int(sample));
    BOOST_TEST(accepted < 220 * int(sample));
    std::string all = "mset";
    for (int i = 0; i < 100; ++i) all += " k" + std::to_string(i) + " v";
    BOOST_TEST(kv(all) == refused);
    BOOST_TEST(kv("get key0").size() > 1000u);
    BOOST_TEST(kv("flushall\nset a 1") == "+OK\r\n+OK\r\n");
}

BOOST_DATA_TEST_CASE(values_have_a_longest_length, shard_counts) {
    settings s;
    s.max_argument = 2000;
    kv_fixture kv(sample, s);
    kv("set a " + std::string(1500, 'x'));
    BOOST_TEST(kv("append a " + std::string(501, 'y')) ==
               "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n");
    BOOST_TEST(kv("append a " + std::string(500, 'y')) == ":2000\r\n");
}

BOOST_DATA_TEST_CASE(replies_have_a_longest_length, shard_counts) {
    settings s;
    s.max_reply = 100'000;
    kv_fixture kv(sample, s);
    for (const char* key : {"a", "b"}) kv("set " + std::string(key) + " " + std::string(50'000, 'x'));
    std::string reply = kv("mget a b a b a b a b a b a b a b a b");
    BOOST_TEST(reply.size() < 500'000u);
    BOOST_TEST(reply.find("-ERR reply exceeds max-reply\r\n") != reply.npos);
    BOOST_TEST(reply.starts_with("*16\r\n"));  // the array goes on, with errors in place of values
    BOOST_TEST(kv("get a").size() > 50'000u);  // the next read begins anew
}

BOOST_AUTO_TEST_CASE(large_values_are_attached_not_copied) {
    kv_fixture kv;
    kv("set a " + std::string(10'000, 'x'));
    std::string_view args[] = {"get", "a"};
    dispatcher(*kv.states[0], kv.who, kv.collected, kv.now).run(args);
    reply_builder& reply = kv.collected.reply();
    BOOST_REQUIRE(reply.attachments().size() == 1u);
    BOOST_TEST(reply.text().size() < 20u);
    BOOST_TEST(kv_fixture::flat(reply) == "$10000\r\n" + std::string(10'000, 'x') + "\r\n");
}

BOOST_AUTO_TEST_CASE(small_values_are_read_and_written_without_an_allocation) {
    kv_fixture kv;
    request_parser parser(kv.states[0]->limits, kv.states[0]->unfinished);
    auto round = [&] {
        parser.feed(
            buffer::unowned("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nVXK\r\n"
                            "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n"
                            "*2\r\n$4\r\nINCR\r\n$7\r\ncounter\r\n*1\r\n$4\r\nPING\r\n"));
        kv.run_all(parser);
        BOOST_REQUIRE((kv.collected.complete() && parser.detach()));
        kv.collected.reply().clear();
    };
    round();
    BOOST_TEST(test::allocations_of([&] {
                   for (int i = 0; i < 100; ++i) round();
               }) == 0u);
}

BOOST_AUTO_TEST_CASE(values_of_every_length_are_set_and_read) {
    auto bulk = [](const std::string& s) { return "$" + std::to_string(s.size()) + "\r\n" + s + "\r\n"; };
    for (size_t key_bytes : {1u, 2u, 7u, 8u, 16u, 17u, 31u, 32u, 33u, 47u, 48u, 49u}) {
        kv_fixture kv;
        request_parser parser(kv.states[0]->limits, kv.states[0]->unfinished);
        const std::string key(key_bytes, 'k');
        for (size_t bytes = 0; bytes <= 50; ++bytes)
            for (char c : {'v', 'w'}) {  // added or grown, then replaced by as much
                const std::string value(bytes, c);
                const std::string set = "*3\r\n" + bulk("SET") + bulk(key) + bulk(value);
                const std::string get = "*2\r\n" + bulk("GET") + bulk(key);
                BOOST_TEST(kv.answer(parser, buffer::copy_of(set + get + get)) ==
                           "+OK\r\n" + bulk(value) + bulk(value));
            }
        BOOST_TEST(kv.keys() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_pipeline_is_answered_like_its_commands_one_by_one) {
    const std::string commands[] = {"get a",   "get a",     "get b",        "set a 1", "set a 2", "get",
                                    "get a b", "get a",     "set a 3 ex 9", "ttl a",   "set a 4", "ttl a",
                                    "nothing", "nothing a", "incr a",       "incr a",  "incr b",  "mget a b",
                                    "get b",   "ping",      "ping",         "strlen a"};
    auto encoded = [](const std::string& line) {
        std::string text;
        size_t words = 0;
        for (size_t at = 0; at < line.size(); ++words) {
            const size_t end = std::min(line.find(' ', at), line.size());
            text += "$" + std::to_string(end - at) + "\r\n" + line.substr(at, end - at) + "\r\n";
            at = end + 1;
        }
        return "*" + std::to_string(words) + "\r\n" + text;
    };
    kv_fixture alone, together;
    std::string expected, all;
    for (int round = 0; round < 3; ++round)
        for (const auto& c : commands) {
            expected += alone(c);
            all += encoded(c);
        }
    request_parser parser(together.states[0]->limits, together.states[0]->unfinished);
    BOOST_TEST(together.answer(parser, buffer::copy_of(all)) == expected);
    BOOST_TEST(together.states[0]->counters.commands == alone.states[0]->counters.commands);
    BOOST_TEST(together.states[0]->keys.counters().hits == alone.states[0]->keys.counters().hits);
    BOOST_TEST(together.states[0]->keys.counters().misses == alone.states[0]->keys.counters().misses);
}

BOOST_AUTO_TEST_CASE(a_repeated_get_finds_nothing_once_its_key_has_expired) {
    kv_fixture kv;
    request_parser parser(kv.states[0]->limits, kv.states[0]->unfinished);
    kv("set a 1 px 100");
    const std::string get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
    BOOST_TEST(kv.answer(parser, buffer::copy_of(get + get)) == "$1\r\n1\r\n$1\r\n1\r\n");
    kv.now += std::chrono::milliseconds(100);
    BOOST_TEST(kv.answer(parser, buffer::copy_of(get + get)) == "$-1\r\n$-1\r\n");
    BOOST_TEST(kv.keys() == 0u);
}

BOOST_AUTO_TEST_CASE(pings_are_answered) {
    kv_fixture kv;
    BOOST_TEST(kv("ping") == "+PONG\r\n");
    BOOST_TEST(kv("ping hello") == "$5\r\nhello\r\n");
    BOOST_TEST(kv("ping a b") == "-ERR wrong number of arguments for 'ping' command\r\n");
    BOOST_TEST(kv("echo 'a b'") == "$3\r\na b\r\n");
}

BOOST_AUTO_TEST_CASE(there_is_one_database) {
    kv_fixture kv;
    BOOST_TEST(kv("select 0") == "+OK\r\n");
    BOOST_TEST(kv("select 1") == "-ERR DB index is out of range\r\n");
    BOOST_TEST(kv("select x") == "-ERR invalid DB index\r\n");
}

BOOST_AUTO_TEST_CASE(only_resp2_is_spoken) {
    kv_fixture kv;
    BOOST_TEST(kv("hello 3") == "-NOPROTO unsupported protocol version\r\n");
    BOOST_TEST(kv("hello x") == "-ERR Protocol version is not an integer or out of range\r\n");
    BOOST_TEST(kv("hello 2 auth a b") == "-ERR Syntax error in HELLO option\r\n");
    BOOST_TEST(kv("hello").starts_with("*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
    BOOST_TEST(kv("hello 2").ends_with("$7\r\nmodules\r\n*0\r\n"));
}

BOOST_AUTO_TEST_CASE(clients_have_names_and_numbers) {
    kv_fixture kv(2);
    BOOST_TEST(kv("client id") == ":1\r\n");
    BOOST_TEST(kv("client getname") == "$-1\r\n");
    BOOST_TEST(kv("client setname me\nclient getname") == "+OK\r\n$2\r\nme\r\n");
    BOOST_TEST(kv("client setname 'a b'") ==
               "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
    BOOST_TEST(
        kv("client setname " + std::string(300, 'n')).starts_with("-ERR Client names cannot be longer"));
    BOOST_TEST(kv("client setinfo lib-name x\nclient setinfo LIB-VER 1.2") == "+OK\r\n+OK\r\n");
    BOOST_TEST(kv("client setinfo colour red") == "-ERR Unrecognized option 'colour'\r\n");
    BOOST_TEST(kv("client id x") == "-ERR wrong number of arguments for 'client|id' command\r\n");
    BOOST_TEST(kv("client kill") == "-ERR unknown subcommand 'kill'. Try CLIENT HELP.\r\n");
    BOOST_TEST(kv("client list") == "");
    BOOST_TEST((kv.last == verdict::list_clients));
    kv.now += 7s;
    std::string line = client_lines(*kv.states[0], kv.now);
    BOOST_TEST(line.starts_with("id=1 addr="));
    BOOST_TEST(line.ends_with(" cmd=client lib-name=x lib-ver=1.2 shard=0\n"));
    client second;
    kv.states[1]->admit(second);
    BOOST_TEST(second.id == 2u);
    kv.states[1]->dismiss(second);
}

BOOST_AUTO_TEST_CASE(clients_beyond_the_limit_are_not_admitted) {
    settings s;
    s.max_clients = 2;
    shard_state shard(s, 0, 1, {});
    client a, b, c;
    BOOST_TEST((shard.admit(a) && shard.admit(b)));
    BOOST_TEST(!shard.admit(c));
    shard.dismiss(a);
    BOOST_TEST(shard.admit(c));
    BOOST_TEST(shard.counters.connections_refused == 1u);
    BOOST_TEST(shard.clients().size() == 2u);
}

BOOST_AUTO_TEST_CASE(memory_of_an_unusual_read_is_given_back) {
    kv_fixture kv(2);
    std::string many;
    for (int i = 0; i < 5'000; ++i) many += " k1 k2 k3 k4";
    std::string pipelined;
    for (int i = 0; i < 10'000; ++i) pipelined += "get k1\nget k2\nget k3\nget k4\ndel k1 k2 k3 k4\n";
    for (const std::string& read : {"mget" + many, "del" + many, "mset" + many, pipelined}) {
        BOOST_TEST(kv(read).size() > 3u);
        for (const auto& d : kv.collected.deliveries()) {
            BOOST_TEST(d.operations.capacity() * sizeof(operation) <= 512u << 10);
            BOOST_TEST(d.arguments.capacity() * sizeof(std::string_view) <= 512u << 10);
        }
    }
}

BOOST_AUTO_TEST_CASE(commands_are_described) {
    kv_fixture kv;
    BOOST_TEST(kv("command count") == ":" + std::to_string(all_commands().size()) + "\r\n");
    BOOST_TEST(kv("command docs") == "*0\r\n");
    BOOST_TEST(kv("command").starts_with(
        "*" + std::to_string(all_commands().size()) +
        "\r\n*6\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        "*6\r\n$3\r\nset\r\n:-3\r\n*2\r\n+write\r\n+denyoom\r\n"));
    BOOST_TEST(kv("command nonsense") == "-ERR unknown subcommand 'nonsense'. Try COMMAND HELP.\r\n");
    for (const auto& c : all_commands()) BOOST_TEST(find_command(c.name) == &c);
    BOOST_TEST(find_command("GeT") == find_command("get"));
    for (const char* none : {"", "ge", "gett", "g\x05t", "'et", " get", "  get", "get ", "verylongcommand"})
        BOOST_TEST(find_command(none) == nullptr);
}

BOOST_AUTO_TEST_CASE(subcommands_are_told) {
    kv_fixture kv;
    BOOST_TEST(kv("config help") ==
               "*5\r\n+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
               "+GET <pattern> [<pattern> ...]\r\n+    Show the parameters whose names match.\r\n"
               "+HELP\r\n+    Print this help.\r\n");
    BOOST_TEST(kv("CLIENT HELP").starts_with("*13\r\n+CLIENT <subcommand>"));
    BOOST_TEST(kv("command help").starts_with("*9\r\n+COMMAND <subcommand>"));
}

BOOST_AUTO_TEST_CASE(settings_are_shown_by_pattern) {
    kv_fixture kv;
    BOOST_TEST(kv("config get save") == "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    BOOST_TEST(kv("config get MAXMEM*ry") == "*2\r\n$9\r\nmaxmemory\r\n$10\r\n1073741824\r\n");
    BOOST_TEST(kv("config get nothing") == "*0\r\n");
    BOOST_TEST(kv("config get save *" + std::string(255, '?')) == "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    BOOST_TEST(kv("config get save *" + std::string(256, '?')) ==
               "-ERR pattern is longer than 256 bytes\r\n");
    BOOST_TEST(kv("config get *").starts_with("*20\r\n"));
    BOOST_TEST(kv("config get") == "-ERR wrong number of arguments for 'config|get' command\r\n");
    BOOST_TEST(kv("config set a b") == "-ERR unknown subcommand 'set'. Try CONFIG HELP.\r\n");
}

BOOST_AUTO_TEST_CASE(patterns_match_as_in_redis) {
    BOOST_TEST(matches_glob("*", ""));
    BOOST_TEST(matches_glob("a*c*", "abcd"));
    BOOST_TEST(matches_glob("h?llo", "hello"));
    BOOST_TEST(!matches_glob("h?llo", "hllo"));
    BOOST_TEST(matches_glob("h[ae]llo", "hallo"));
    BOOST_TEST(!matches_glob("h[^e]llo", "hello"));
    BOOST_TEST(matches_glob("h[a-c]llo", "HBLLO"));
    BOOST_TEST(matches_glob("h\\?llo", "h?llo"));
    BOOST_TEST(!matches_glob("abc", "abcd"));
    BOOST_TEST(!matches_glob("", "a"));
    BOOST_TEST(!matches_glob("a[", "ab"));
    BOOST_TEST(!matches_glob("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

BOOST_AUTO_TEST_CASE(a_log_line_comes_once_in_a_while) {
    line_limit limit;
    const time_point start(100s);
    BOOST_TEST(limit.admit(start) == 1u);
    BOOST_TEST(limit.admit(start + 1s) == 0u);
    BOOST_TEST(limit.admit(start + 9s) == 0u);
    BOOST_TEST(limit.admit(start + line_limit::pause) == 4u);
}

BOOST_AUTO_TEST_CASE(quit_closes_after_its_reply) {
    kv_fixture kv;
    BOOST_TEST(kv("quit") == "+OK\r\n");
    BOOST_TEST((kv.last == verdict::close));
}

BOOST_AUTO_TEST_CASE(info_sums_over_shards) {
    kv_fixture kv(2);
    kv("set a 1 ex 5\nset b 2\nget a\nget none\nget b\ninfo");
    BOOST_TEST((kv.last == verdict::info));
    metric_registry registry;
    uint64_t received = 5;
    metric_group group(registry, "tcp");
    group.counter("segments_in", "", received, {{"a", "b"}});
    std::vector<shard_report> reports;
    for (const auto& s : kv.states) reports.push_back(report_of(*s, registry));
    std::string all = info_text({}, {.pid = 7, .port = 6379, .uptime = 65s}, reports);
    for (const char* line :
         {"# Server\r\n", "process_id:7\r\n", "tcp_port:6379\r\n", "uptime_in_seconds:65\r\n", "shards:2\r\n",
          "\r\n# Clients\r\nconnected_clients:1\r\n",
          "# Memory\r\nused_memory:", "total_commands_processed:6\r\n",
          "keyspace_hits:2\r\nkeyspace_misses:1\r\n", "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n",
          "# Millrace\r\nshard0.tcp_segments_in{a=b}:5\r\nshard1.tcp_segments_in{a=b}:5\r\n"})
        BOOST_TEST(all.find(line) != all.npos, line);
    std::string_view wanted[] = {"Keyspace"};
    BOOST_TEST(info_text(wanted, {}, reports) == "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n");
    std::string_view everything[] = {"everything"};
    BOOST_TEST(info_text(everything, {}, reports).find("# Millrace") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
