#include "core/config.hh"

#include "core/options/file.hh"
#include "core/options/reader.hh"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

// A program with a setting of each type.
struct program {
    uint16_t listen = 7;
    unsigned shards = 1;
    bool json = false, loud = true;
    std::string mode = "server";
    std::vector<std::string> addresses;
    duration rto_min = 200ms;
    uint64_t memory = 1 << 20;
    uint64_t link_rate = 0;
    config_schema schema{"prog", "does things"};

    program() {
        schema.section("Network");
        schema.number("listen", listen, "port to serve on").range(1, 65535).placeholder("PORT");
        schema.list("address", addresses, "address with prefix").check([](const auto& all) {
            for (const auto& a : all)
                if (a.find('/') == a.npos)
                    throw std::invalid_argument("'" + a + "' has no prefix, such as /24");
        });
        schema.time("tcp.rto-min", rto_min, "shortest timeout").range(1ms, 60s);
        schema.section("Program");
        schema.number("shards", shards, "shards");
        schema.toggle("json", json, "print JSON");
        schema.toggle("loud", loud, "be loud");
        schema.text("mode", mode, "what to be").one_of({"server", "client"}).positional();
        schema.bytes("max-memory", memory, "memory budget");
        schema.rate("sim.rate", link_rate, "rate of the link");
    }

    config_outcome parse(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "prog");
        return schema.parse(int(arguments.size()), arguments.data());
    }
    std::string refusal(std::vector<const char*> arguments) {
        try {
            parse(std::move(arguments));
        } catch (const config_error& e) {
            return e.what();
        }
        return "accepted";
    }
    void read(const std::string& text) {
        config_reader reader(schema);
        read_config_text("p.yaml", text, reader);
        reader.assign_all();
    }
    std::string file_refusal(const std::string& text) {
        try {
            read(text);
        } catch (const config_error& e) {
            return e.what();
        }
        return "accepted";
    }
};

// A file that is gone with its scope.
struct temporary_file {
    explicit temporary_file(const std::string& text)
        : path(std::filesystem::temp_directory_path() /
               ("millrace_config_test." + std::to_string(getpid()))) {
        std::ofstream(path) << text;
    }
    ~temporary_file() { std::filesystem::remove(path); }
    std::string path;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(without_arguments_everything_keeps_its_default) {
    program p;
    BOOST_TEST((p.parse({}) == config_outcome::run));
    BOOST_TEST(p.listen == 7);
    BOOST_TEST((p.rto_min == 200ms));
    BOOST_TEST(!p.schema.was_given("listen"));
}

BOOST_AUTO_TEST_CASE(flags_of_every_type_are_stored) {
    program p;
    p.parse({"client", "--listen", "80", "--address=10.0.0.1/24", "--address", "fd00::1/64", "--tcp-rto-min",
             "1ms", "--json", "--max-memory", "2GiB", "--sim-rate", "10Gbit"});
    BOOST_TEST(p.mode == "client");
    BOOST_TEST(p.listen == 80);
    BOOST_TEST((p.addresses == std::vector<std::string>{"10.0.0.1/24", "fd00::1/64"}));
    BOOST_TEST((p.rto_min == 1ms));
    BOOST_TEST(p.json);
    BOOST_TEST(p.memory == 2ull << 30);
    BOOST_TEST(p.link_rate == 10'000'000'000u);
}

BOOST_AUTO_TEST_CASE(a_switch_takes_a_value_only_after_an_equals_sign) {
    program p;
    p.parse({"--json=no", "client"});
    BOOST_TEST(!p.json);
    BOOST_TEST(program().refusal({"--json=maybe"}) == "--json: 'maybe' is neither true nor false");
}

BOOST_AUTO_TEST_CASE(a_file_nests_keys_by_their_dots) {
    program p;
    p.read(
        "listen: 81   # a comment\ntcp:\n  rto-min: 5ms\naddress:\n  - 10.0.0.1/24\n  - 10.0.0.2/24\nsim:\n");
    BOOST_TEST(p.listen == 81);
    BOOST_TEST((p.rto_min == 5ms));
    BOOST_TEST(p.addresses.size() == 2u);
    BOOST_TEST(p.schema.at("listen") == "p.yaml:1: listen");
    BOOST_TEST(p.schema.at("tcp.rto-min") == "p.yaml:3: tcp.rto-min");
    BOOST_TEST(p.schema.at("shards") == "--shards");
    program single;
    single.read("address: 10.0.0.1/24");
    BOOST_TEST(single.addresses.size() == 1u);
}

BOOST_AUTO_TEST_CASE(flags_win_over_set_and_set_wins_over_the_file) {
    temporary_file file("listen: 1\nshards: 1\nmax-memory: 1KiB\naddress: [10.0.0.1/8, 10.0.0.2/8]\n");
    program p;
    p.parse({"--listen", "3", "--config", file.path.c_str(), "--set", "listen=2", "--set", "shards=2",
             "--address", "10.9.9.9/8"});
    BOOST_TEST(p.listen == 3);
    BOOST_TEST(p.shards == 2);
    BOOST_TEST(p.memory == 1024u);
    BOOST_TEST((p.addresses == std::vector<std::string>{"10.9.9.9/8"}));
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_no_mistake) {
    program p;
    p.read("");
    p.read("# only a comment\n");
    BOOST_TEST(p.listen == 7);
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused_with_the_nearest_one) {
    BOOST_TEST(program().refusal({"--shard", "2"}) == "there is no flag '--shard': did you mean '--shards'?");
    BOOST_TEST(program().refusal({"--rto-min", "2ms"}) ==
               "there is no flag '--rto-min': did you mean '--tcp-rto-min'?");
    BOOST_TEST(program().refusal({"--banana"}) == "there is no flag '--banana': --help lists all");
    BOOST_TEST(program().refusal({"-x"}) == "there is no flag '-x': --help lists all");
    BOOST_TEST(program().refusal({"--set", "shrads=2"}) ==
               "--set: there is no key 'shrads': did you mean 'shards'?");
    BOOST_TEST(program().file_refusal("listen: 7\nshard: 2") ==
               "p.yaml:2: there is no key 'shard': did you mean 'shards'?");
    BOOST_TEST(program().file_refusal("tcp:\n  rto-mim: 1ms") ==
               "p.yaml:2: there is no key 'tcp.rto-mim': did you mean 'tcp.rto-min'?");
    BOOST_TEST(program().file_refusal("kv:\n  a: 1") == "p.yaml:1: there is no key 'kv': --help lists all");
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_where_they_stand) {
    BOOST_TEST(program().refusal({"--shards", "two"}) == "--shards: 'two' is not a whole number, such as 8");
    BOOST_TEST(program().refusal({"--listen", "70000"}) == "--listen: 70000 is too large a number");
    BOOST_TEST(program().refusal({"--listen", "0"}) == "--listen: 0 is out of range: from 1 to 65535");
    BOOST_TEST(program().refusal({"peer"}) == "--mode: 'peer' is none of server, client");
    BOOST_TEST(program().refusal({"--set", "tcp.rto-min=2h"}) ==
               "--set: tcp.rto-min: 2h is out of range: from 1ms to 1m");
    BOOST_TEST(program().refusal({"--address", "10.0.0.1"}) ==
               "--address: '10.0.0.1' has no prefix, such as /24");
    BOOST_TEST(program()
                   .file_refusal("\ntcp:\n  rto-min: 200 parsecs")
                   .starts_with("p.yaml:3: tcp.rto-min: '200 parsecs' is not a duration"));
    BOOST_TEST(program()
                   .file_refusal("tcp:\n  rto-min: 200")
                   .starts_with("p.yaml:2: tcp.rto-min: '200' is not a duration: it needs a unit"));
}

BOOST_AUTO_TEST_CASE(wrong_shapes_are_refused) {
    BOOST_TEST(program().file_refusal("listen: [1, 2]") == "p.yaml:1: 'listen' takes one value, not a list");
    BOOST_TEST(program().file_refusal("listen: {a: 1}") == "p.yaml:1: 'listen' takes a value, not a section");
    BOOST_TEST(program().file_refusal("listen:") == "p.yaml:1: 'listen' has no value");
    BOOST_TEST(program().file_refusal("tcp: 5") ==
               "p.yaml:1: 'tcp' is a section: its keys go below it, indented");
    BOOST_TEST(program().file_refusal("address: [[1]]") ==
               "p.yaml:1: each element of 'address' must be one value");
    BOOST_TEST(program().file_refusal("- listen") == "p.yaml:1: settings are written as 'key: value'");
    BOOST_TEST(program().file_refusal("just a word") == "p.yaml:1: settings are written as 'key: value'");
    BOOST_TEST(program().file_refusal("[a, b]: 5") == "p.yaml:1: a key must be a word");
}

BOOST_AUTO_TEST_CASE(what_is_given_twice_is_refused) {
    BOOST_TEST(program().file_refusal("listen: 1\nshards: 1\nlisten: 2") ==
               "p.yaml:3: 'listen' is there twice; keep one of them");
    BOOST_TEST(program().file_refusal("tcp:\n  rto-min: 1ms\ntcp.rto-min: 2ms") ==
               "p.yaml:3: 'tcp.rto-min' is given twice, as '1ms' and as '2ms'; keep one of them");
    BOOST_TEST(program().refusal({"--listen", "1", "--listen", "2"}) ==
               "--listen: 'listen' is given twice, as '1' and as '2'; keep one of them");
    BOOST_TEST(program().refusal({"--config", "a", "--config", "b"}) ==
               "--config is given twice; there is one file");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_yaml_is_refused_with_its_line) {
    BOOST_TEST(program().file_refusal("listen: 7\nnet: [kernel").starts_with("p.yaml:"));
    BOOST_TEST(program().file_refusal("a: 'x\nb: 1").find("this is no YAML: ") != std::string::npos);
    BOOST_TEST(program().file_refusal("a: b: c") == "p.yaml:1: this is no YAML: illegal map value");
    BOOST_TEST(program().file_refusal("listen: *nobody").find("p.yaml:1: this is no YAML") == 0u);
    BOOST_TEST(program().file_refusal(std::string(100'000, '[')) != "accepted");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_refused) {
    BOOST_TEST(program().refusal({"--config", "/nowhere/x.yaml"}) ==
               "--config: cannot open '/nowhere/x.yaml': No such file or directory");
    BOOST_TEST(program().refusal({"--config", "/"}).starts_with("--config: "));
    BOOST_TEST(program().refusal({"--config", "/dev/zero"}).find("is larger than 1MiB") != std::string::npos);
    BOOST_TEST(program().refusal({"--config="}) == "--config needs the name of a file");
}

BOOST_AUTO_TEST_CASE(missing_values_are_refused) {
    BOOST_TEST(program().refusal({"--listen"}) == "--listen needs a value");
    BOOST_TEST(program().refusal({"--listen", "--json"}) == "--listen needs a value");
    BOOST_TEST(program().refusal({"--set", "listen"}) ==
               "--set: 'listen' is not KEY=VALUE, such as log=debug");
}

BOOST_AUTO_TEST_CASE(a_word_is_refused_where_none_is_expected) {
    config_schema schema("prog", "");
    const char* arguments[] = {"prog", "word"};
    BOOST_CHECK_EXCEPTION(schema.parse(2, arguments), config_error, [](const config_error& e) {
        return std::string(e.what()) == "'word' is no flag, and prog takes only flags; --help lists them";
    });
}

BOOST_AUTO_TEST_CASE(rules_see_all_values) {
    program p;
    p.schema.rule([&p] {
        if (p.shards > p.memory) throw config_error(p.schema.at("shards") + ": more than the memory");
    });
    BOOST_TEST(p.refusal({"--max-memory", "2B", "--shards", "3"}) == "--shards: more than the memory");
}

BOOST_AUTO_TEST_CASE(help_and_version_win_over_mistakes) {
    BOOST_TEST((program().parse({"--nonsense", "--help"}) == config_outcome::help));
    BOOST_TEST((program().parse({"-h"}) == config_outcome::help));
    BOOST_TEST((program().parse({"--version"}) == config_outcome::version));
}

BOOST_AUTO_TEST_CASE(help_names_every_flag_with_its_default) {
    program p;
    std::string help = p.schema.help_text();
    for (const auto& s : p.schema.settings()) BOOST_TEST(help.find(s.flag()) != help.npos, s.key);
    BOOST_TEST(help.starts_with(
        "prog: does things\n\nusage: prog [server|client] [flags]\n\nNetwork:\n  --listen PORT"));
    BOOST_TEST(help.find("shortest timeout [200ms]\n") != help.npos);
    BOOST_TEST(help.find("address with prefix (repeatable)\n") != help.npos);
    BOOST_TEST(help.find("\nProgram:\n") != help.npos);
    BOOST_TEST(help.find("print JSON\n") != help.npos);
    BOOST_TEST(help.find("be loud [true]\n") != help.npos);
}

BOOST_AUTO_TEST_SUITE_END()
