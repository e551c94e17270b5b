// The quoting rules of inline commands.
#include "apps/kv/request_parser.hh"

#include <optional>

namespace millrace::kv {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f' || c == '\0';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The character that an escape stands for; `rest` begins behind the backslash and loses what was used.
char unescape(std::string_view& rest) {
    char c = rest[0];
    if (c == 'x' && rest.size() >= 3 && hex_digit(rest[1]) >= 0 && hex_digit(rest[2]) >= 0) {
        char value = char(hex_digit(rest[1]) * 16 + hex_digit(rest[2]));
        rest.remove_prefix(3);
        return value;
    }
    rest.remove_prefix(1);
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return c;
    }
}

// The argument at the front of `rest`, which has a quote somewhere; nullopt if it does not close, or goes on
// behind its closing quote.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string out;
    char quote = 0;
    while (!rest.empty()) {
        char c = rest.front();
        if (!quote && is_blank(c)) return out;
        rest.remove_prefix(1);
        if (!quote && (c == '"' || c == '\'')) {
            quote = c;
        } else if (quote && c == quote) {
            if (!rest.empty() && !is_blank(rest.front())) return std::nullopt;
            return out;
        } else if (quote == '"' && c == '\\' && !rest.empty()) {
            out += unescape(rest);
        } else if (quote == '\'' && c == '\\' && rest.starts_with('\'')) {
            out += '\'';
            rest.remove_prefix(1);
        } else {
            out += c;
        }
    }
    if (quote) return std::nullopt;
    return out;
}

}  // namespace

bool split_inline(std::string_view line, std::vector<std::string_view>& out,
                  std::list<std::string>& unquoted) {
    for (;;) {
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        if (line.empty()) return true;
        size_t end = 0;
        while (end < line.size() && !is_blank(line[end]) && line[end] != '"' && line[end] != '\'') ++end;
        if (end == line.size() || is_blank(line[end])) {
            out.push_back(line.substr(0, end));
            line.remove_prefix(end);
            continue;
        }
        auto argument = take_quoted(line);
        if (!argument) return false;
        out.push_back(unquoted.emplace_back(std::move(*argument)));
    }
}

}  // namespace millrace::kv
