#include "tests/packet_script/packet_reader.hh"

#include <limits>
#include <string>

namespace millrace::packet_script {
namespace {

template <typename T>
T read_number(scanner& in) {
    const int64_t n = in.number();
    if (n < 0 || uint64_t(n) > std::numeric_limits<T>::max()) in.fail("a number is out of range");
    return T(n);
}

constexpr struct {
    char letter;
    tcp::flags::bit bit;
} flag_letters[] = {{'F', tcp::flags::fin}, {'S', tcp::flags::syn}, {'R', tcp::flags::rst},
                    {'P', tcp::flags::psh}, {'.', tcp::flags::ack}, {'U', tcp::flags::urg},
                    {'E', tcp::flags::ece}, {'W', tcp::flags::cwr}, {'A', tcp::flags::ae}};

tcp::flags read_flags(scanner& in) {
    tcp::flags f;
    if (in.takes("-")) return f;
    for (bool more = true; more;) {
        more = false;
        for (const auto& [letter, bit] : flag_letters) {
            if (in.next() != letter) continue;
            in.takes(std::string_view(&letter, 1));
            f |= bit;
            more = true;
        }
    }
    return f;
}

uint8_t read_ecn(scanner& in) {
    const std::string word = in.word();
    in.expect("]");
    if (word == "noecn") return 0;
    if (word == "ect1") return 1;
    if (word == "ect0" || word == "ect01") return 2;
    if (word == "ce") return 3;
    in.lacks("IP field [" + word + "]");
}

void read_sack(scanner& in, option_list& o) {
    while (in.sees_number()) {
        const auto left = read_number<uint32_t>(in);
        in.expect(":");
        o.sack.emplace_back(left, read_number<uint32_t>(in));
    }
}

// FO asks for a cookie, FO 0123456789abcdef is one.
tcp::fast_open_cookie read_cookie(scanner& in) {
    tcp::fast_open_cookie c;
    const std::string digits = in.word();
    const size_t bytes = digits.size() / 2;
    const bool even = digits.size() % 2 == 0 && bytes % 2 == 0;
    if (!even || (bytes != 0 && bytes < 4) || bytes > c.max_bytes ||
        digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        in.fail("a fast open cookie has an even number of bytes from 4 to 16, in hexadecimal digits");
    c.size = uint8_t(bytes);
    for (size_t i = 0; i < bytes; ++i) c.bytes[i] = uint8_t(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
    return c;
}

// ECN e0b 1001 ceb 0 e1b 1: the fields in their order, as many as there are.
tcp::mark_counts read_counts(scanner& in) {
    tcp::mark_counts c;
    while (c.fields < c.all) {
        if (in.takes_word("e0b")) {
            c.ect0 = read_number<uint32_t>(in);
        } else if (in.takes_word("ceb")) {
            c.ce = read_number<uint32_t>(in);
        } else if (in.takes_word("e1b")) {
            c.ect1_first |= c.fields == 0;
            c.ect1 = read_number<uint32_t>(in);
        } else {
            break;
        }
        ++c.fields;
    }
    return c;
}

void read_option(scanner& in, option_list& o) {
    if (in.takes_word("nop") || in.takes_word("eol")) return;
    if (in.takes_word("mss")) {
        o.mss = read_number<uint16_t>(in);
    } else if (in.takes_word("wscale")) {
        o.window_scale = read_number<uint8_t>(in);
    } else if (in.takes_word("sackOK")) {
        o.sack_permitted = true;
    } else if (in.takes_word("ECN")) {
        o.mark_counts = read_counts(in);
    } else if (in.takes_word("FO")) {
        o.fast_open = read_cookie(in);
    } else if (in.takes_word("TS")) {
        in.expect("val");
        tcp::timestamp_option t;
        t.value = read_number<uint32_t>(in);
        in.expect("ecr");
        t.echo = read_number<uint32_t>(in);
        o.timestamps = t;
    } else if (in.takes_word("sack")) {
        read_sack(in, o);
    } else {
        in.lacks("TCP option " + in.word());
    }
}

option_list read_options(scanner& in) {
    option_list o;
    if (in.takes("...")) {
        o.any = true;
    } else {
        while (!in.sees(">")) {
            read_option(in, o);
            in.takes(",");
        }
    }
    in.expect(">");
    return o;
}

tcp_packet read_tcp(scanner& in) {
    tcp_packet p;
    if (in.takes("[")) p.ecn = read_ecn(in);
    p.flags = read_flags(in);
    p.first = read_number<uint32_t>(in);
    in.expect(":");
    p.last = read_number<uint32_t>(in);
    in.expect("(");
    p.payload = read_number<uint32_t>(in);
    in.expect(")");
    if (p.last - p.first != p.payload) in.fail("the sequence numbers do not span the payload");
    if (in.takes_word("ack")) p.ack = read_number<uint32_t>(in);
    if (in.takes_word("win")) p.window = read_number<uint16_t>(in);
    if (in.takes_word("urg")) in.lacks("the urgent pointer");
    if (in.takes("<")) p.options = read_options(in);
    if (p.flags.has(tcp::flags::ack) != p.ack.has_value())
        in.fail("the flag '.' and an ack number go together");
    return p;
}

icmp_packet read_icmp(scanner& in) {
    icmp_packet p;
    if (!in.takes_word("unreachable")) in.lacks("ICMP message " + in.word());
    p.type = 3;
    const std::string code = in.word();
    if (code == "net_unreachable")
        p.code = 0;
    else if (code == "host_unreachable")
        p.code = 1;
    else if (code == "protocol_unreachable")
        p.code = 2;
    else if (code == "port_unreachable")
        p.code = 3;
    else if (code == "frag_needed")
        p.code = 4;
    else
        in.lacks("ICMP code " + code);
    if (in.takes_word("mtu")) p.mtu = read_number<uint16_t>(in);
    in.expect("[");
    p.first = read_number<uint32_t>(in);
    in.expect(":");
    read_number<uint32_t>(in);
    in.expect("(");
    p.payload = read_number<uint32_t>(in);
    in.expect(")");
    in.expect("]");
    return p;
}

}  // namespace

packet_event read_packet(scanner& in, direction way) {
    packet_event e;
    e.way = way;
    for (const char* other : {"udp", "ipv4", "ipv6", "mpls", "gre"})
        if (in.takes_word(other)) in.lacks(std::string(other) + " packets");
    if (in.takes_word("icmp")) {
        if (way == direction::out) in.lacks("ICMP packets that are expected");
        e.packet = read_icmp(in);
    } else {
        e.packet = read_tcp(in);
    }
    return e;
}

}  // namespace millrace::packet_script
