#include "tests/packet_script/scanner.hh"

#include <algorithm>
#include <cctype>

namespace millrace::packet_script {
namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

void scanner::advance(size_t n) noexcept {
    line_ += unsigned(std::count(text_.begin() + long(at_), text_.begin() + long(at_ + n), '\n'));
    at_ += n;
}

void scanner::skip() {
    while (at_ < text_.size()) {
        if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
            advance(1);
        } else if (rest().starts_with("//") || text_[at_] == '#') {
            advance(std::min(rest().find('\n'), rest().size()));
        } else if (rest().starts_with("/*")) {
            const size_t end = rest().find("*/");
            if (end == std::string_view::npos) fail("a comment without an end");
            advance(end + 2);
        } else {
            return;
        }
    }
}

bool scanner::at_end() {
    skip();
    return at_ == text_.size();
}

bool scanner::sees(std::string_view what) {
    skip();
    return rest().starts_with(what);
}

char scanner::next() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
}

bool scanner::takes(std::string_view what) {
    if (!sees(what)) return false;
    advance(what.size());
    return true;
}

bool scanner::takes_word(std::string_view what) {
    if (!sees(what)) return false;
    if (rest().size() > what.size() && is_word(rest()[what.size()])) return false;
    advance(what.size());
    return true;
}

void scanner::expect(std::string_view what) {
    if (!takes(what))
        fail("'" + std::string(what) + "' is missing before '" + std::string(rest().substr(0, 16)) + "'");
}

std::string scanner::word() {
    skip();
    size_t n = 0;
    while (n < rest().size() && is_word(rest()[n])) ++n;
    std::string w(rest().substr(0, n));
    advance(n);
    return w;
}

bool scanner::sees_number() {
    skip();
    const std::string_view r = rest();
    if (r.empty()) return false;
    return is_digit(r[0]) || ((r[0] == '-' || r[0] == '+') && r.size() > 1 && is_digit(r[1]));
}

int64_t scanner::number() {
    if (!sees_number()) fail("a number is missing before '" + std::string(rest().substr(0, 16)) + "'");
    const bool negative = takes("-");
    if (!negative) takes("+");
    int base = 10;
    if (rest().starts_with("0x")) {
        advance(2);
        base = 16;
    }
    uint64_t value = 0;
    size_t digits = 0;
    while (digits < rest().size() && std::isxdigit(static_cast<unsigned char>(rest()[digits])) &&
           (base == 16 || is_digit(rest()[digits])))
        ++digits;
    for (char c : rest().substr(0, digits)) {
        if (value > (uint64_t(1) << 58)) fail("a number is too large");
        value = value * unsigned(base) + unsigned(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    advance(digits);
    return negative ? -int64_t(value) : int64_t(value);
}

duration scanner::seconds() {
    skip();
    size_t n = 0;
    double whole = 0, part = 0, scale = 1;
    while (n < rest().size() && is_digit(rest()[n])) whole = whole * 10 + (rest()[n++] - '0');
    if (n < rest().size() && rest()[n] == '.' && !rest().substr(n).starts_with("..")) {
        for (++n; n < rest().size() && is_digit(rest()[n]); ++n) part += (rest()[n] - '0') * (scale /= 10);
    }
    if (n == 0) fail("a time is missing before '" + std::string(rest().substr(0, 16)) + "'");
    if (whole > 1e6) fail("a time is too large");
    advance(n);
    return std::chrono::nanoseconds(int64_t((whole + part) * 1e9 + 0.5));
}

std::string scanner::up_to(std::string_view end) {
    const size_t n = rest().find(end);
    if (n == std::string_view::npos) fail("'" + std::string(end) + "' is missing");
    std::string inside(rest().substr(0, n));
    advance(n + end.size());
    return inside;
}

std::string scanner::rest_of_line() {
    std::string line(rest().substr(0, std::min(rest().find('\n'), rest().size())));
    advance(line.size());
    return line;
}

std::string scanner::quoted() {
    expect("\"");
    return up_to("\"");
}

void scanner::fail(const std::string& what) const {
    throw script_error(script_error::kind::malformed, line_, what);
}

void scanner::lacks(const std::string& what) const {
    throw script_error(script_error::kind::unsupported, line_, what);
}

}  // namespace millrace::packet_script
