#include "tcp/service/options.hh"

#include "core/log.hh"
#include "core/shard.hh"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace millrace::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view device_kinds =
    "kernel, tap:NAME, memif:ROLE,SOCKET, af_packet:IF, af_xdp:IF, virtio_user:PATH, pcap:IN,OUT, "
    "dpdk:PCI-ADDRESS or "
    "dpdk:DEVARGS";

template <typename... A>
[[noreturn]] void refuse(const config_schema& schema, std::string_view key, fmt::format_string<A...> format,
                         A&&... args) {
    throw config_error(schema.at(key) + ": " + fmt::format(format, std::forward<A>(args)...));
}

void declare_process(config_schema& schema, service_options& o, bool has_port) {
    schema.section("Process");
    schema.number("shards", o.shards, "threads, each with a core, a reactor and a network of its own")
        .range(1, 1024);
    schema.text("cpus", o.cpus, "where the shards run, in order: 0-3,6; default: the first ones allowed")
        .placeholder("LIST");
    schema.text("idle", o.idle, "what a shard without work does: sleep after `spin`, or look on for ever")
        .one_of({"adaptive", "spin"});
    schema.time("spin", o.spin, "how long an adaptive shard looks on before it sleeps").range(0ns, 1s);
    schema.text("log", o.log, "error, warn, info, debug or trace; exceptions by part: info,arp=debug")
        .placeholder("LEVELS");
    schema
        .time("drain-timeout", o.drain_timeout, "how long open connections may go on after SIGTERM or SIGINT")
        .range(0s, 1h);
    schema
        .time("stall", o.stall,
              "report with its backtrace what holds a shard for longer, up to twice as long; 0: nothing")
        .range(0ns, 10s);
    schema.toggle("costs", o.costs, "print what the cycles went into when the program ends");
    if (!has_port) return;
    schema.number<uint16_t>("listen", o.listen, "the port to serve").placeholder("PORT").range(1, 65535);
    schema.text("bind", o.bind, "the address to serve it on; default: every one").placeholder("IP");
}

void declare_network(config_schema& schema, service_options& o) {
    schema.section("Network");
    schema.text("net", o.net, fmt::format("what to talk through: {}", device_kinds)).placeholder("DEVICE");
    schema
        .list("address", o.addresses,
              "of our own stack, with the length of its network's prefix: 10.0.0.1/24")
        .placeholder("CIDR");
    schema.text("gateway", o.gateway, "the way out of those networks").placeholder("IP");
    schema.list("route", o.routes, "another way: 192.168.0.0/16,10.0.0.7").placeholder("CIDR,IP");
    schema.text("device.mac", o.mac, "instead of the device's own").placeholder("MAC");
    schema.bytes("device.mtu", o.mtu, "of an IP packet").range(576, 65535);
    schema.number("device.buffers", o.buffers, "of each queue").range(256, 1u << 20);
    schema.number("device.descriptors", o.descriptors, "of each ring").range(16, 32768);
    schema.toggle("device.checksum-offload", o.checksum_offload,
                  "let the device compute what checksums it can");
    schema.toggle("device.segmentation-offload", o.segmentation_offload,
                  "let the device cut runs of segments, if it can");
    schema.toggle("device.verify-checksums", o.verify_checksums,
                  "of TCP and UDP in software; off only where the link is memory");
    schema.bytes("device.memory", o.memory, "that DPDK takes").range(64ull << 20, 1ull << 40);
    schema.toggle("device.hugepages", o.hugepages, "take it from hugepages");
    schema.list("device.eal", o.eal_arguments, "one more argument for DPDK's own start").placeholder("ARG");
}

void declare_tcp(config_schema& schema, service_options& o) {
    settings& t = o.native.tcp;
    schema.section("TCP (of our own stack)");
    schema.number("tcp.connections", o.native.connections, "of a shard at once").range(1, 16'000'000);
    schema
        .number("tcp.half-open", o.native.half_open,
                "of a shard at once, begun by peers and not yet complete")
        .range(1, 1u << 20);
    schema
        .text("tcp.syn-cookies", o.syn_cookies,
              "answer SYNs by cookies (RFC 4987): on while half-open has no room, off, or always")
        .one_of({"on", "off", "always"});
    schema.number("tcp.syn-cookie-connections-per-second", o.native.syn_cookie_connections_per_second,
                  "of a shard, that cookies become");
    schema
        .text("tcp.full-backlog", o.full_backlog,
              "what becomes of a handshake that completes when nobody accepts: its ACK is dropped, or reset")
        .one_of({"drop", "reset"});
    schema.toggle("tcp.fast-open", o.fast_open,
                  "take data with the SYN of who has a cookie (RFC 7413); goes with kernel sockets, too");
    schema.number("tcp.fast-open-pending", o.native.fast_open_pending,
                  "of a shard at once, in use before the handshake is complete");
    schema.number("tcp.fast-open-cookies", o.native.fast_open_cookies, "of servers, that a shard remembers")
        .range(0, 1u << 20);
    schema.number("tcp.time-wait-records", o.native.time_wait, "of a shard, 64 bytes each")
        .range(1, 16'000'000);
    schema.number("tcp.resets-per-second", o.native.resets_per_second,
                  "of a shard, to segments of no connection");
    schema.number("tcp.challenge-acks-per-second", t.challenge_acks_per_second, "of a shard (RFC 5961)");
    schema.number<uint16_t>("tcp.first-port", o.native.first_port, "of connections from here")
        .range(1, 65535);
    schema.number<uint16_t>("tcp.last-port", o.native.last_port, "of connections from here").range(1, 65535);
    schema
        .bytes(
            "tcp.memory", o.connection_memory,
            "of a shard, for its connections and their data; where it is short, new ones are refused first")
        .range(1ull << 20, 1ull << 44);
    schema.bytes("tcp.send-buffer", o.send_buffer, "of a connection at most").range(4096, 1ull << 30);
    schema.bytes("tcp.receive-buffer", o.receive_buffer, "of a connection at most: the largest window")
        .range(4096, 1ull << 30);
    schema.bytes("tcp.first-buffer", o.first_buffer, "of both, which grow from there as the path needs it")
        .range(4096, 1ull << 30);
    schema.bytes("tcp.assured-buffer", o.assured_buffer, "of both, of a connection, where memory is short")
        .range(4096, 1ull << 20);
    schema.toggle("tcp.window-scaling", t.window_scaling, "RFC 7323");
    schema.toggle("tcp.timestamps", t.timestamps, "RFC 7323");
    schema.toggle("tcp.sack", t.sack, "RFC 2018");
    schema.toggle("tcp.gro", o.native.gro,
                  "take segments as one that come in one burst, one behind the other");
    schema.toggle("tcp.tso", o.native.tso,
                  "send full segments as one, which the device cuts if it can, or else the interface");
    schema.time("tcp.ack-delay", t.ack_delay, "RFC 9293").range(0ms, 500ms);
    schema.time("tcp.rto-initial", t.rto_initial, "RFC 6298").range(1ms, 60s);
    schema.time("tcp.rto-min", t.rto_min, "RFC 6298 says 1s").range(1ms, 60s);
    schema.time("tcp.rto-max", t.rto_max, "RFC 6298").range(1s, 10min);
    schema.number<uint8_t>("tcp.syn-retries", t.syn_retries, "of a SYN or SYN-ACK").range(0, 7);
    schema.number<uint8_t>("tcp.data-retries", t.data_retries, "in a row").range(1, 30);
    schema
        .text("tcp.congestion", o.congestion,
              "how the window follows the path: RFC 9438, RFC 5681, RFC 8257 or draft-ietf-ccwg-bbr")
        .one_of({"cubic", "reno", "dctcp", "bbr"});
    schema
        .text("tcp.ecn", o.ecn,
              "RFC 3168: marks instead of losses; passive: if the peer asks; accurate: counted, RFC 9768")
        .one_of({"off", "passive", "on", "accurate"});
    schema.toggle("tcp.pacing", t.pacing, "beyond the initial window send at a pace instead of in bursts");
    schema
        .text("tcp.path-mtu-probing", o.path_mtu_probing,
              "find the segment size of a path that drops large ones silently (RFC 4821): once they time "
              "out, or from the first")
        .one_of({"off", "black-hole", "always"});
    schema.number<uint16_t>("tcp.initial-window", t.initial_window_segments, "segments, RFC 6928")
        .range(1, 1000);
    schema.time("tcp.fin-wait-2-timeout", t.fin_wait_2_timeout, "for the FIN of a peer").range(1s, 1h);
    schema.time("tcp.time-wait", t.time_wait, "2 MSL").range(0s, 10min);
    schema.time("tcp.user-timeout", t.user_timeout, "RFC 5482; 0: by retries").range(0s, 24h);
    schema.toggle("tcp.keepalive", t.keepalive, "ask a silent peer whether it is there");
    schema.time("tcp.keepalive-idle", t.keepalive_idle, "silence before the first question").range(1s, 24h);
    schema.time("tcp.keepalive-interval", t.keepalive_interval, "between questions").range(1s, 1h);
    schema.number<uint8_t>("tcp.keepalive-probes", t.keepalive_probes, "questions before it is given up")
        .range(1, 100);
}

void check_log(const config_schema& schema, const service_options& o) {
    try {
        set_log_levels(o.log);
    } catch (const std::invalid_argument& e) {
        refuse(schema, "log", "{}", e.what());
    }
    if (const auto missing = missing_loggers(); !missing.empty())
        refuse(schema, "log", "no part is called '{}', but {}", missing[0], fmt::join(logger_names(), ", "));
}

// Each rule alone names the key that is wrong.
void check(const config_schema& schema, const service_options& o) {
    check_log(schema, o);
    cpus_of(schema, o);
    if (!o.bind.empty() && !net::ip_address::parse(o.bind))
        refuse(schema, "bind", "'{}' is no address, such as 127.0.0.1 or ::1", o.bind);
    if (o.native.first_port > o.native.last_port)
        refuse(schema, "tcp.first-port", "{} lies behind tcp.last-port, which is {}", o.native.first_port,
               o.native.last_port);
    if (o.native.tcp.rto_min > o.native.tcp.rto_max)
        refuse(schema, "tcp.rto-min", "is longer than tcp.rto-max");
    if (o.uses_kernel()) {
        for (const auto& [key, given] :
             {std::pair("address", !o.addresses.empty()), std::pair("gateway", !o.gateway.empty()),
              std::pair("route", !o.routes.empty())})
            if (given)
                refuse(schema, key,
                       "goes with our own stack; for kernel sockets leave it out, or say which device "
                       "`net` shall be");
        return;
    }
    if (!net::is_dpdk_device(o.net))
        refuse(schema, "net", "'{}' is no device; one of: {}", o.net, device_kinds);
    interface_config_of(schema, o);
    device_options_of(schema, o);
}

net::prefix parse_prefix(const config_schema& schema, std::string_view key, const std::string& text) {
    const auto prefix = net::prefix::parse(text);
    if (prefix) return *prefix;
    if (net::ip_address::parse(text))
        refuse(schema, key, "'{}' has no prefix length; with that of its network it is e.g. {}/24", text,
               text);
    refuse(schema, key, "'{}' is no address with a prefix length, such as 10.0.0.1/24", text);
}

void check_own_address(const config_schema& schema, const net::prefix& p) {
    if (!p.address().is_v4())
        refuse(schema, "address", "{} is IPv6, which our own stack does not speak yet", p);
    const bool names_the_network = p.length() < 31 && p.network() == p.address();
    if (names_the_network || p.is_directed_broadcast(p.address()) || !p.address().v4().is_host())
        refuse(schema, "address", "{} is not the address of one host in its network", p);
}

net::ip_address parse_address(const config_schema& schema, std::string_view key, std::string_view text) {
    const auto address = net::ip_address::parse(text);
    if (!address) refuse(schema, key, "'{}' is no IP address, such as 10.0.0.1", text);
    return *address;
}

net::route parse_route(const config_schema& schema, const std::string& text) {
    const size_t comma = text.find(',');
    if (comma == std::string::npos)
        refuse(schema, "route", "'{}' is no network and gateway, such as 192.168.0.0/16,10.0.0.7", text);
    return {.destination = parse_prefix(schema, "route", text.substr(0, comma)),
            .gateway = parse_address(schema, "route", std::string_view(text).substr(comma + 1))};
}

ecn_mode ecn_mode_of(const service_options& o) {
    if (o.ecn == "accurate") return ecn_mode::accurate;
    return o.ecn == "off" ? ecn_mode::off : o.ecn == "on" ? ecn_mode::on : ecn_mode::passive;
}

mtu_probing_mode mtu_probing_mode_of(const service_options& o) {
    if (o.path_mtu_probing == "always") return mtu_probing_mode::always;
    return o.path_mtu_probing == "off" ? mtu_probing_mode::off : mtu_probing_mode::black_hole;
}

}  // namespace

void declare(config_schema& schema, service_options& o, bool has_port) {
    declare_process(schema, o, has_port);
    declare_network(schema, o);
    declare_tcp(schema, o);
    schema.rule([&schema, &o] { check(schema, o); });
}

std::vector<unsigned> cpus_of(const config_schema& schema, const service_options& o) {
    const std::vector<unsigned> available = available_cpus();
    if (o.shards > available.size())
        refuse(schema, "shards",
               "{} shards need as many cores, and this process may use {}; at most {} shards go", o.shards,
               available.size(), available.size());
    if (o.cpus.empty()) return o.shards == 1 ? std::vector<unsigned>{} : available;
    std::vector<unsigned> wanted;
    try {
        wanted = parse_cpus(o.cpus);
    } catch (const std::invalid_argument& e) {
        refuse(schema, "cpus", "{}", e.what());
    }
    if (wanted.size() < o.shards)
        refuse(schema, "cpus", "{} cores for {} shards; name as many as there are shards", wanted.size(),
               o.shards);
    for (unsigned cpu : wanted)
        if (std::find(available.begin(), available.end(), cpu) == available.end())
            refuse(schema, "cpus", "core {} is not one that this process may use", cpu);
    return wanted;
}

net::dpdk_options device_options_of(const config_schema& schema, const service_options& o) {
    net::dpdk_options d{.device = o.net,
                        .queues = o.shards,
                        .mtu = uint16_t(o.mtu),
                        .mac = std::nullopt,
                        .buffers = o.buffers,
                        .descriptors = o.descriptors,
                        .checksum_offload = o.checksum_offload,
                        .segmentation_offload = o.segmentation_offload,
                        .memory_mib = unsigned(o.memory >> 20),
                        .hugepages = o.hugepages,
                        .eal_arguments = o.eal_arguments};
    if (!o.mac.empty()) {
        const auto mac = net::mac_address::parse(o.mac);
        if (!mac || mac->is_group() || mac->is_zero())
            refuse(schema, "device.mac", "'{}' is no MAC address of one station, such as 02:00:00:00:00:01",
                   o.mac);
        d.mac = *mac;
    }
    return d;
}

net::interface_config interface_config_of(const config_schema& schema, const service_options& o) {
    net::interface_config c;
    if (o.addresses.empty())
        refuse(schema, "address", "our own stack on {} needs one, such as 10.0.0.1/24", o.net);
    for (const std::string& text : o.addresses) c.addresses.push_back(parse_prefix(schema, "address", text));
    for (const net::prefix& p : c.addresses) check_own_address(schema, p);
    if (!o.gateway.empty()) {
        c.gateway = parse_address(schema, "gateway", o.gateway);
        const bool on_link = std::any_of(c.addresses.begin(), c.addresses.end(),
                                         [&](const net::prefix& p) { return p.contains(*c.gateway); });
        if (!on_link) refuse(schema, "gateway", "{} is in none of the networks of `address`", *c.gateway);
    }
    for (const std::string& text : o.routes) c.routes.push_back(parse_route(schema, text));
    c.mtu = uint16_t(o.mtu);
    c.memory = o.connection_memory;
    c.verify_checksums = o.verify_checksums;
    return c;
}

native_settings native_settings_of(const service_options& o) {
    native_settings n = o.native;
    n.tcp.send_buffer = uint32_t(o.send_buffer);
    n.tcp.receive_buffer = uint32_t(o.receive_buffer);
    n.tcp.first_buffer = uint32_t(o.first_buffer);
    n.tcp.assured_buffer = uint32_t(o.assured_buffer);
    n.syn_cookies = o.syn_cookies == "off"  ? cookie_policy::off
                    : o.syn_cookies == "on" ? cookie_policy::when_full
                                            : cookie_policy::always;
    n.reset_on_full_backlog = o.full_backlog == "reset";
    n.tcp.congestion = net::parse_congestion_algorithm(o.congestion).value();
    n.tcp.ecn = ecn_mode_of(o);
    n.tcp.path_mtu_probing = mtu_probing_mode_of(o);
    return n;
}

net::listen_options listen_options_of(const service_options& o) {
    net::listen_options l;
    l.port = o.listen;
    l.fast_open = o.fast_open;
    if (!o.bind.empty()) l.address = net::ip_address::parse(o.bind).value();
    return l;
}

idle_policy idle_policy_of(const service_options& o) {
    return o.idle == "spin" ? idle_policy::spin : idle_policy::adaptive;
}

}  // namespace millrace::tcp
