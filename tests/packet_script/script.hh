// A packet script as it was read: what happens when, in the packetdrill language, the field's shared notation
// for what a TCP does. doc/packet_scripts.md says what of the language is understood.
#pragma once

#include "core/time.hh"
#include "tcp/segment/flags.hh"
#include "tcp/segment/options.hh"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::packet_script {

// Something is wrong with a script, or it uses what the runner has not: where, and what.
class script_error : public std::runtime_error {
 public:
    enum class kind : uint8_t { malformed, unsupported };

    script_error(kind k, unsigned line, const std::string& what)
        : std::runtime_error(what), kind_(k), line_(line) {}

    kind what_kind() const noexcept { return kind_; }
    unsigned line() const noexcept { return line_; }

 private:
    kind kind_;
    unsigned line_;
};

// When an event happens.
struct moment {
    enum class base : uint8_t { previous, start, any };

    base from = base::previous;
    duration at{0};
    std::optional<duration> until;  // of a packet: it may come up to then; of a call: it returns then
};

enum class direction : uint8_t { in, out };

// TCP options of a packet in a script, in the order in which they stand there.
struct option_list {
    bool any = false;  // <...>: whatever they are
    std::optional<uint16_t> mss;
    std::optional<uint8_t> window_scale;
    std::optional<tcp::timestamp_option> timestamps;
    bool sack_permitted = false;
    std::optional<tcp::fast_open_cookie> fast_open;
    std::optional<tcp::mark_counts> mark_counts;
    std::vector<std::pair<uint32_t, uint32_t>> sack;  // relative, as all numbers of a script

    friend bool operator==(const option_list&, const option_list&) = default;
};

struct tcp_packet {
    tcp::flags flags;
    uint32_t first = 0, last = 0;  // sequence numbers, relative
    uint32_t payload = 0;          // bytes
    std::optional<uint32_t> ack;
    std::optional<uint16_t> window;
    std::optional<uint8_t> ecn;  // of the IP header
    option_list options;
};

// An ICMP error about a segment of ours: RFC 792.
struct icmp_packet {
    uint8_t type = 0;
    uint8_t code = 0;
    uint16_t mtu = 0;
    uint32_t first = 0;  // sequence number of the segment it quotes
    uint32_t payload = 0;
};

struct packet_event {
    direction way = direction::in;
    std::variant<tcp_packet, icmp_packet> packet;
};

// An argument of a call: 3, O_RDWR|O_NONBLOCK, "text", [1], {fd=3, events=POLLIN}, htons(80), ...
struct argument {
    enum class kind : uint8_t { any, number, name, text, list, record, call };

    kind what = kind::any;
    int64_t number = 0;
    std::string name;             // also the text, and the names of a sum: A|B
    std::vector<argument> parts;  // of a list, a record or a call
    std::string label;            // in a record: the field
};

struct call_event {
    std::string name;
    std::vector<argument> arguments;
    std::optional<int64_t> result;  // none: ?
    std::string error;              // EAGAIN, with a result of -1
};

// %{ assert tcpi_snd_cwnd == 10 }%: the code between the braces.
struct code_event {
    std::string text;
};

struct event {
    unsigned line = 0;
    moment when;
    std::variant<packet_event, call_event, code_event> what;
};

struct script {
    std::vector<std::pair<std::string, std::string>> flags;  // --name=value at the top
    std::vector<event> events;
    std::vector<std::string> notices;  // what was skipped, such as shell commands
};

// Throws script_error.
script read_script(std::string_view text);

// As a script would have it.
std::string to_string(const tcp_packet& p);
std::string to_string(tcp::flags f);

}  // namespace millrace::packet_script
