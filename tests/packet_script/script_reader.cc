#include "tests/packet_script/packet_reader.hh"
#include "tests/packet_script/scanner.hh"

#include <fmt/format.h>

#include <cstring>
#include <iterator>

namespace millrace::packet_script {
namespace {

argument read_argument(scanner& in, unsigned depth = 0);

std::vector<argument> read_parts(scanner& in, std::string_view end, unsigned depth) {
    if (depth > 8) in.fail("arguments are nested too deeply");
    std::vector<argument> parts;
    while (!in.takes(end)) {
        parts.push_back(read_argument(in, depth + 1));
        if (in.takes(",")) continue;
        in.expect(end);
        break;
    }
    return parts;
}

// A name, a sum of names, a call such as htons(80), or a field of a record: name=value.
argument read_named(scanner& in, unsigned depth) {
    argument a;
    a.what = argument::kind::name;
    a.name = in.word();
    if (a.name.empty()) in.fail(fmt::format("an argument is missing before '{}'", in.next()));
    if (in.takes("(")) {
        a.what = argument::kind::call;
        a.parts = read_parts(in, ")", depth);
    }
    if (in.takes("=")) {
        argument value = read_argument(in, depth + 1);
        value.label = a.name;
        return value;
    }
    while (in.takes("|")) a.name += "|" + in.word();
    return a;
}

argument read_argument(scanner& in, unsigned depth) {
    argument a;
    if (depth > 8) in.fail("arguments are nested too deeply");
    if (in.takes("...")) return a;
    if (in.sees_number()) {
        a.what = argument::kind::number;
        a.number = in.number();
        return a;
    }
    if (in.sees("\"")) {
        a.what = argument::kind::text;
        a.name = in.quoted();
        return a;
    }
    if (in.takes("[")) {
        a.what = argument::kind::list;
        a.parts = read_parts(in, "]", depth);
        return a;
    }
    if (in.takes("{")) {
        a.what = argument::kind::record;
        a.parts = read_parts(in, "}", depth);
        return a;
    }
    return read_named(in, depth);
}

call_event read_call(scanner& in) {
    call_event c;
    c.name = in.word();
    if (c.name.empty()) in.fail(fmt::format("neither packet nor call: '{}'", in.rest_of_line()));
    in.expect("(");
    c.arguments = read_parts(in, ")", 0);
    in.expect("=");
    if (in.takes("?")) return c;
    c.result = in.number();
    if (*c.result == -1 && std::isupper(static_cast<unsigned char>(in.next()))) c.error = in.word();
    if (in.takes("(")) in.up_to(")");
    return c;
}

// 0.1, +0.1, +.1~+.2, 0...0.5, *.
moment read_moment(scanner& in) {
    moment m;
    if (in.takes("*")) {
        m.from = moment::base::any;
        return m;
    }
    m.from = in.takes("+") ? moment::base::previous : moment::base::start;
    m.at = in.seconds();
    if (in.takes("...") || in.takes("~")) {
        in.takes("+");
        m.until = in.seconds();
        if (*m.until < m.at) in.fail("a span of time ends before it begins");
    }
    return m;
}

bool sees_moment(scanner& in) {
    const char c = in.next();
    return (c >= '0' && c <= '9') || c == '+' || c == '*' || c == '.';
}

void read_flag(scanner& in, script& s) {
    const std::string line = in.rest_of_line();
    size_t at = 0;
    while ((at = line.find("--", at)) != std::string::npos) {
        const size_t end = std::min(line.find_first_of(" \t", at), line.size());
        const std::string flag = line.substr(at + 2, end - at - 2);
        const size_t equals = std::min(flag.find('='), flag.size());
        s.flags.emplace_back(flag.substr(0, equals), flag.substr(std::min(equals + 1, flag.size())));
        at = end;
    }
}

}  // namespace

script read_script(std::string_view text) {
    script s;
    scanner in(text);
    event next;
    while (!in.at_end()) {
        if (in.sees("--")) {
            if (!s.events.empty()) in.fail("flags stand at the top of a script");
            read_flag(in, s);
            continue;
        }
        if (in.takes("`")) {
            s.notices.push_back(fmt::format("line {}: a shell command is skipped", in.line()));
            in.up_to("`");
            continue;
        }
        next = event{};
        next.line = in.line();
        if (sees_moment(in)) next.when = read_moment(in);
        if (in.takes("`")) {
            s.notices.push_back(fmt::format("line {}: a shell command is skipped", next.line));
            in.up_to("`");
            continue;
        }
        if (in.takes("%{"))
            next.what = code_event{in.up_to("}%")};
        else if (in.takes("<"))
            next.what = read_packet(in, direction::in);
        else if (in.takes(">"))
            next.what = read_packet(in, direction::out);
        else
            next.what = read_call(in);
        s.events.push_back(std::move(next));
    }
    return s;
}

std::string to_string(tcp::flags f) {
    std::string out;
    constexpr std::pair<tcp::flags::bit, char> letters[] = {
        {tcp::flags::syn, 'S'}, {tcp::flags::fin, 'F'}, {tcp::flags::rst, 'R'},
        {tcp::flags::psh, 'P'}, {tcp::flags::urg, 'U'}, {tcp::flags::ece, 'E'},
        {tcp::flags::cwr, 'W'}, {tcp::flags::ae, 'A'},  {tcp::flags::ack, '.'}};
    for (const auto& [bit, letter] : letters)
        if (f.has(bit)) out += letter;
    return out.empty() ? "-" : out;
}

std::string to_string(const tcp_packet& p) {
    std::string out = fmt::format("{} {}:{}({})", to_string(p.flags), p.first, p.last, p.payload);
    if (p.ack) out += fmt::format(" ack {}", *p.ack);
    if (p.window) out += fmt::format(" win {}", *p.window);
    if (p.ecn) out += fmt::format(" ecn {}", *p.ecn);
    const option_list& o = p.options;
    if (o.any) return out + " <...>";
    std::string options;
    auto to = std::back_inserter(options);
    if (o.mss) fmt::format_to(to, ",mss {}", *o.mss);
    if (o.sack_permitted) options += ",sackOK";
    if (o.timestamps) fmt::format_to(to, ",TS val {} ecr {}", o.timestamps->value, o.timestamps->echo);
    if (o.window_scale) fmt::format_to(to, ",wscale {}", *o.window_scale);
    if (const auto& c = o.mark_counts) {
        const std::pair<const char*, uint32_t> zero{"e0b", c->ect0}, one{"e1b", c->ect1};
        const std::pair<const char*, uint32_t> fields[] = {
            c->ect1_first ? one : zero, {"ceb", c->ce}, c->ect1_first ? zero : one};
        options += ",ECN";
        for (size_t i = 0; i < c->fields; ++i)
            fmt::format_to(to, " {} {}", fields[i].first, fields[i].second);
    }
    if (o.fast_open) options += ",FO";
    for (size_t i = 0; o.fast_open && i < o.fast_open->size; ++i)
        fmt::format_to(to, "{}{:02x}", i ? "" : " ", o.fast_open->bytes[i]);
    for (size_t i = 0; i < o.sack.size(); ++i)
        fmt::format_to(to, "{} {}:{}", i ? "" : ",sack", o.sack[i].first, o.sack[i].second);
    return options.empty() ? out : out + " <" + options.substr(1) + ">";
}

}  // namespace millrace::packet_script
