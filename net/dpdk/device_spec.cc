#include "net/dpdk/device_spec.hh"

#include "net/dpdk_device.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace millrace::net {

namespace {

struct kind_name {
    std::string_view name;
    device_kind kind;
    std::string_view driver;
};

constexpr std::array<kind_name, 9> kinds{{{"tap", device_kind::tap, "net_tap"},
                                          {"af_packet", device_kind::af_packet, "net_af_packet"},
                                          {"af_xdp", device_kind::af_xdp, "net_af_xdp"},
                                          {"memif", device_kind::memif, "net_memif"},
                                          {"virtio_user", device_kind::virtio_user, "net_virtio_user"},
                                          {"ring", device_kind::ring, "net_ring"},
                                          {"null", device_kind::null, "net_null"},
                                          {"pcap", device_kind::pcap, "net_pcap"},
                                          {"dpdk", device_kind::bus, ""}}};

constexpr size_t longest_interface = 15;  // IFNAMSIZ and its zero
constexpr size_t longest_socket = 107;    // sun_path and its zero

const kind_name* find_kind(std::string_view device) noexcept {
    const std::string_view name = device.substr(0, device.find(':'));
    const auto* k =
        std::find_if(kinds.begin(), kinds.end(), [&](const kind_name& n) { return n.name == name; });
    return k == kinds.end() ? nullptr : k;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const size_t comma = text.find(',');
        parts.push_back(text.substr(0, comma));
        if (comma == text.npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

[[noreturn]] void refuse(const device_spec& s, std::string_view why) {
    throw device_error(fmt::format("device \"{}\": {}", s.text, why));
}

void name_interface(device_spec& s, std::string_view name) {
    if (name.empty()) refuse(s, "the name of the interface is missing, as in tap:tap0 or af_packet:eth0");
    if (name.size() > longest_interface) {
        refuse(s, fmt::format("an interface's name has at most {} letters", longest_interface));
    }
    // Linux takes '%' for a pattern, of which each who asks gets another interface.
    if (name.find_first_of("/: ,%") != name.npos)
        refuse(s, "an interface's name has no '/', ':', ',', '%' or space");
    s.place = name;
}

void read_tap(device_spec& s, std::string_view rest) {
    name_interface(s, rest);
    s.arguments = fmt::format("iface={}", rest);
}

// The driver wants blocks of whole pages and frames that divide a block.
void read_af_packet(device_spec& s, std::string_view rest, const spec_wishes& w) {
    const auto parts = split(rest);
    name_interface(s, parts[0]);
    const uint32_t frame = std::bit_ceil(std::max(2048u, w.frame_bytes + 128));
    s.arguments = fmt::format("iface={},qpairs={},framesz={},blocksz={}", rest, w.queues, frame,
                              std::max(4096u, frame));
}

void read_af_xdp(device_spec& s, std::string_view rest, const spec_wishes& w) {
    const auto parts = split(rest);
    name_interface(s, parts[0]);
    s.arguments = fmt::format("iface={},queue_count={}", rest, w.queues);
}

void read_memif(device_spec& s, std::string_view rest, const spec_wishes& w) {
    std::string role, others;
    std::string socket = "@millrace";
    bool sized = false;
    for (std::string_view part : split(rest)) {
        const size_t equals = part.find('=');
        const std::string_view key = part.substr(0, equals);
        const std::string_view value = equals == part.npos ? std::string_view() : part.substr(equals + 1);
        if (part == "server" || part == "client") {
            role = part;
        } else if (key == "role") {
            role = value;
        } else if (key == "socket") {
            socket = value;
        } else if (equals == part.npos && (part.starts_with('/') || part.starts_with('@'))) {
            socket = part;
        } else if (equals == part.npos) {
            refuse(s, fmt::format("\"{}\" is neither server, client, a /path, an @name nor KEY=VALUE", part));
        } else {
            sized = sized || key == "bsize";
            others += fmt::format(",{}", part);
        }
    }
    if (role != "server" && role != "client") {
        refuse(s, "one end must be the server, the other the client: memif:server,/run/millrace.sock");
    }
    s.memif_server = role == "server";
    s.abstract_socket = socket.starts_with('@');
    s.place = s.abstract_socket ? socket.substr(1) : socket;
    if (s.place.empty() || s.place.size() > longest_socket) {
        refuse(s, fmt::format("a socket's path has 1 to {} letters", longest_socket));
    }
    s.arguments = fmt::format("role={},socket={},socket-abstract={}{}", role, s.place,
                              s.abstract_socket ? "yes" : "no", others);
    // Powers of two; a port refuses what is longer than the largest, see port.cc.
    if (!sized && w.frame_bytes > 2048)
        s.arguments += fmt::format(",bsize={}", std::min(32768u, std::bit_ceil(w.frame_bytes)));
}

void read_virtio_user(device_spec& s, std::string_view rest, const spec_wishes& w) {
    const auto parts = split(rest);
    if (!parts[0].starts_with('/')) {
        refuse(s,
               "the path of a vhost-user socket, or /dev/vhost-net, is missing: virtio_user:/run/vhost.sock");
    }
    s.place = parts[0];
    s.arguments = fmt::format("path={},queues={}", rest, w.queues);
}

void read_pcap(device_spec& s, std::string_view rest) {
    const auto files = split(rest);
    if (files.size() > 2 || rest.find('=') != rest.npos || rest.empty() || rest == ",") {
        refuse(s, "at most two files, one to replay and one to record into: pcap:in.pcap,out.pcap");
    }
    s.place = files[0];
    if (files.size() == 2) s.output = files[1];
    // An end without a file neither receives nor keeps anything.
    s.arguments = s.place.empty() ? "" : fmt::format("rx_pcap={}", s.place);
    if (!s.output.empty())
        s.arguments += fmt::format("{}tx_pcap={}", s.arguments.empty() ? "" : ",", s.output);
}

void read_bus(device_spec& s, std::string_view rest) {
    if (rest.empty()) refuse(s, "a PCI address or DPDK's devargs are missing: dpdk:0000:3b:00.0");
    s.arguments = rest;
    s.place = split(rest)[0];
}

}  // namespace

bool is_dpdk_device(std::string_view name) noexcept {
    return find_kind(name) != nullptr;
}

device_spec parse_device_spec(std::string_view text, const spec_wishes& wishes) {
    device_spec s;
    s.text = text;
    const kind_name* k = find_kind(text);
    if (!k) {
        std::string known;
        for (const kind_name& n : kinds) known += fmt::format("{}{}", known.empty() ? "" : ", ", n.name);
        refuse(s, fmt::format("no such kind; there are {}", known));
    }
    s.kind = k->kind;
    s.driver = k->driver;
    const size_t colon = text.find(':');
    const std::string_view rest = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    switch (s.kind) {
        case device_kind::tap:
            read_tap(s, rest);
            break;
        case device_kind::af_packet:
            read_af_packet(s, rest, wishes);
            break;
        case device_kind::af_xdp:
            read_af_xdp(s, rest, wishes);
            break;
        case device_kind::memif:
            read_memif(s, rest, wishes);
            break;
        case device_kind::virtio_user:
            read_virtio_user(s, rest, wishes);
            break;
        case device_kind::pcap:
            read_pcap(s, rest);
            break;
        case device_kind::bus:
            read_bus(s, rest);
            break;
        case device_kind::ring:
        case device_kind::null:
            s.arguments = rest;
            break;
    }
    return s;
}

}  // namespace millrace::net
