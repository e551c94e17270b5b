// The examples in configs/: they document every key, and only keys that there are, and can be used as they
// stand.
#include "apps/kv/settings.hh"
#include "apps/perf/settings.hh"
#include "core/config.hh"
#include "tcp/service/options.hh"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <functional>
#include <string>
#include <vector>

using namespace millrace;

namespace {

// Checks the example of one program. `declare` adds its own keys.
void check_example(const std::string& program, uint16_t port,
                   const std::function<void(config_schema&)>& declare) {
    std::string path = MILLRACE_SOURCE_DIR "/configs/" + program + ".yaml";
    tcp::service_options common;
    common.listen = port;
    config_schema schema(program, "");
    tcp::declare(schema, common, true);
    declare(schema);
    const char* arguments[] = {program.c_str(), "--config", path.c_str()};
    try {
        BOOST_TEST((schema.parse(3, arguments) == config_outcome::run));
    } catch (const config_error& e) {
        BOOST_FAIL(e.what());
    }
    for (const auto& s : schema.settings())
        BOOST_TEST(schema.was_given(s.key), program << ".yaml does not document '" << s.key << "'");
    BOOST_TEST(common.listen == port);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(configs)

BOOST_AUTO_TEST_CASE(the_example_of_kv_documents_every_key) {
    kv::settings s;
    check_example("millrace-kv", 6379, [&](config_schema& schema) { kv::declare(schema, s); });
    BOOST_TEST(s.max_memory == kv::settings().max_memory);
    BOOST_TEST(s.sweep_slots == kv::settings().sweep_slots);
}

BOOST_AUTO_TEST_CASE(the_example_of_echo_documents_every_key) {
    check_example("millrace-echo", 7, [](config_schema&) {});
}

BOOST_AUTO_TEST_CASE(the_example_of_perf_documents_every_key) {
    perf::settings s;
    check_example("millrace-perf", 7878, [&](config_schema& schema) { perf::declare(schema, s); });
    BOOST_TEST(s.server.port == 7878);
    BOOST_TEST((s.run_time == perf::settings().run_time));
}

BOOST_AUTO_TEST_CASE(a_comment_stands_above_every_key) {
    for (const char* program : {"millrace-kv", "millrace-echo", "millrace-perf"}) {
        std::ifstream in(MILLRACE_SOURCE_DIR "/configs/" + std::string(program) + ".yaml");
        std::string above, line;
        for (size_t number = 1; std::getline(in, line); ++number, above = line) {
            bool value = line.find_first_not_of(' ') != line.npos && line.find('#') == line.npos &&
                         !line.ends_with(":");
            if (value)
                BOOST_TEST(above.find('#') != above.npos, program << ".yaml:" << number << ": " << line);
            BOOST_TEST(line.size() <= 120u);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
