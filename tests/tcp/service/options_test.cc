#include "tcp/service/options.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

struct parsed {
    explicit parsed(std::vector<const char*> flags) : schema("millrace-test", "Tests.") {
        declare(schema, options, true);
        flags.insert(flags.begin(), "millrace-test");
        schema.parse(int(flags.size()), flags.data());
    }

    config_schema schema;
    service_options options;
};

// What is wrong with these flags; empty if nothing.
std::string complaint(std::vector<const char*> flags) {
    try {
        parsed p(std::move(flags));
        return {};
    } catch (const config_error& e) {
        return e.what();
    }
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(service)

BOOST_AUTO_TEST_CASE(without_flags_it_is_one_shard_on_kernel_sockets) {
    parsed p({});
    BOOST_TEST(p.options.uses_kernel());
    BOOST_TEST(p.options.shards == 1u);
}

BOOST_AUTO_TEST_CASE(our_own_stack_takes_addresses_gateway_and_routes) {
    parsed p({"--net", "tap:x", "--address", "10.0.0.1/24", "--address", "10.1.0.1/16", "--gateway",
              "10.0.0.254", "--route", "192.168.0.0/16,10.0.0.7"});
    const net::interface_config c = interface_config_of(p.schema, p.options);
    BOOST_TEST(c.addresses.size() == 2u);
    BOOST_TEST(to_string(*c.gateway) == "10.0.0.254");
    BOOST_TEST(c.routes.size() == 1u);
    BOOST_TEST(device_options_of(p.schema, p.options).device == "tap:x");
}

BOOST_AUTO_TEST_CASE(levels_are_for_parts_that_are_there) {
    BOOST_TEST(complaint({"--log", "warn,arp=debug"}).empty());
    const std::string why = complaint({"--log", "warn,no-such-part=debug"});
    BOOST_TEST(contains(why, "no part is called 'no-such-part', but "));
    BOOST_TEST(contains(why, "arp, "));
}

BOOST_AUTO_TEST_CASE(tunables_of_tcp_reach_the_stack) {
    parsed p({"--tcp-rto-min", "5ms", "--tcp-send-buffer", "64KiB", "--tcp-half-open", "17",
              "--tcp-time-wait", "1s", "--tcp-congestion", "reno", "--tcp-ecn", "on"});
    const native_settings n = native_settings_of(p.options);
    BOOST_TEST((n.tcp.rto_min == 5ms));
    BOOST_TEST(n.tcp.send_buffer == 65536u);
    BOOST_TEST(n.half_open == 17u);
    BOOST_TEST((n.tcp.time_wait == 1s));
    BOOST_TEST((n.tcp.congestion == net::congestion_algorithm::reno));
    BOOST_TEST((n.tcp.ecn == tcp::ecn_mode::on));
    BOOST_TEST((native_settings_of(parsed({}).options).tcp.ecn == tcp::ecn_mode::passive));
    BOOST_TEST((native_settings_of(parsed({"--tcp-ecn", "off"}).options).tcp.ecn == tcp::ecn_mode::off));
    BOOST_TEST(
        (native_settings_of(parsed({"--tcp-ecn", "accurate"}).options).tcp.ecn == tcp::ecn_mode::accurate));
    BOOST_TEST((native_settings_of(parsed({}).options).tcp.congestion == net::congestion_algorithm::cubic));
}

BOOST_AUTO_TEST_CASE(an_address_needs_the_length_of_its_prefix) {
    const std::string why = complaint({"--net", "tap:x", "--address", "10.0.0.1"});
    BOOST_TEST(contains(why, "--address"), why);
    BOOST_TEST(contains(why, "10.0.0.1/24"), why);
}

BOOST_AUTO_TEST_CASE(our_own_stack_needs_an_address_and_kernel_sockets_want_none) {
    BOOST_TEST(contains(complaint({"--net", "tap:x"}), "--address"));
    BOOST_TEST(contains(complaint({"--address", "10.0.0.1/24"}), "--address"));
    BOOST_TEST(contains(complaint({"--gateway", "10.0.0.254"}), "--gateway: goes with our own stack"));
    BOOST_TEST(contains(complaint({"--route", "10.1.0.0/16,10.0.0.7"}), "--route: goes with our own stack"));
}

BOOST_AUTO_TEST_CASE(a_gateway_is_on_one_of_the_networks) {
    const std::string why =
        complaint({"--net", "tap:x", "--address", "10.0.0.1/24", "--gateway", "10.9.0.1"});
    BOOST_TEST(contains(why, "--gateway"), why);
}

BOOST_AUTO_TEST_CASE(more_shards_than_cores_are_refused) {
    const std::string why = complaint({"--shards", "1000"});
    BOOST_TEST(contains(why, "--shards"), why);
    BOOST_TEST(contains(why, "cores"), why);
}

BOOST_AUTO_TEST_CASE(unknown_devices_levels_and_orders_of_ports_are_refused) {
    BOOST_TEST(contains(complaint({"--net", "pigeon"}), "--net"));
    BOOST_TEST(contains(complaint({"--log", "loud"}), "--log"));
    BOOST_TEST(contains(complaint({"--tcp-congestion", "vegas"}), "--tcp-congestion"));
    BOOST_TEST(
        contains(complaint({"--tcp-first-port", "50000", "--tcp-last-port", "40000"}), "--tcp-first-port"));
    BOOST_TEST(contains(complaint({"--tcp-rto-min", "50s", "--tcp-rto-max", "2s"}), "--tcp-rto-min"));
    BOOST_TEST(contains(
        complaint({"--net", "tap:x", "--address", "10.0.0.1/24", "--device-mac", "01:00:00:00:00:01"}),
        "--device-mac"));
}

BOOST_AUTO_TEST_SUITE_END()
