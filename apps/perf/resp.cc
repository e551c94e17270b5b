#include "apps/perf/resp.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace millrace::perf {

namespace {

constexpr std::string_view key_zero = "key:000000000000";
constexpr std::string_view stored = "+OK\r\n";
constexpr std::string_view line_end = "\r\n";
// Of a wrong reply, this much is told.
constexpr size_t told_bytes = 80;

// Puts the number's digits in front of `end`, where zeros stand.
void put_digits(char* end, uint32_t n) noexcept {
    for (; n > 0; n /= 10) *--end = char('0' + n % 10);
}

// Fit for a sentence: one line, no control characters.
std::string printable(std::string_view text) {
    text = text.substr(0, std::min(text.find('\r'), told_bytes));
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '.');
    return out;
}

}  // namespace

resp_dialect::resp_dialect(const pattern& p, size_t value, bool check)
    : pattern_(p),
      value_(value),
      check_(check),
      get_(fmt::format("*2\r\n$3\r\nGET\r\n${}\r\n{}\r\n", key_zero.size(), key_zero)),
      set_head_(fmt::format("*3\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n", key_zero.size(), key_zero, value)),
      reply_head_(fmt::format("${}\r\n", value)) {}

char* resp_dialect::put(char* to, resp_request r) const noexcept {
    if (!r.is_set) {
        std::memcpy(to, get_.data(), get_.size());
        to += get_.size();
        put_digits(to - line_end.size(), r.key);
        return to;
    }
    // The key ends where that of a GET does: both commands have three letters.
    std::memcpy(to, set_head_.data(), set_head_.size());
    put_digits(to + get_.size() - line_end.size(), r.key);
    to += set_head_.size();
    const std::string_view value = value_of(r.key);
    std::memcpy(to, value.data(), value.size());
    to += value.size();
    std::memcpy(to, line_end.data(), line_end.size());
    return to + line_end.size();
}

// The rest of that part of the reply in which `offset` lies; empty at its end.
std::string_view resp_dialect::expected(resp_request r, uint32_t offset) const noexcept {
    if (r.is_set) return stored.substr(std::min<size_t>(offset, stored.size()));
    if (offset < reply_head_.size()) return std::string_view(reply_head_).substr(offset);
    const size_t behind = offset - reply_head_.size();
    if (behind < value_) return value_of(r.key).substr(behind);
    return line_end.substr(std::min(behind - value_, line_end.size()));
}

bool resp_dialect::take(std::span<const resp_request> asked, progress& p,
                        std::string_view& bytes) const noexcept {
    while (!bytes.empty()) {
        if (p.answered == asked.size()) return false;
        const resp_request r = asked[p.answered];
        const std::string_view part = expected(r, p.offset);
        const size_t n = std::min(part.size(), bytes.size());
        const bool is_value =
            !r.is_set && p.offset >= reply_head_.size() && p.offset < reply_head_.size() + value_;
        if ((check_ || !is_value) && std::memcmp(part.data(), bytes.data(), n) != 0) return false;
        bytes.remove_prefix(n);
        p.offset += uint32_t(n);
        if (n < part.size() || !expected(r, p.offset).empty()) continue;
        ++p.answered;
        p.offset = 0;
    }
    return true;
}

std::string resp_dialect::complaint(std::span<const resp_request> asked, const progress& p,
                                    std::string_view bytes) const {
    if (p.answered == asked.size()) return "answered more than it was asked";
    const resp_request r = asked[p.answered];
    const char* command = r.is_set ? "SET" : "GET";
    if (!r.is_set && p.offset >= reply_head_.size())
        return fmt::format("answered a GET of key {} with other bytes than were stored", unsigned(r.key));
    // What came before was as expected.
    std::string reply(r.is_set ? stored : std::string_view(reply_head_), 0, p.offset);
    reply += bytes;
    if (reply.starts_with("$-1") && !r.is_set)
        return fmt::format("has no key {} any more; something else may use its keys", unsigned(r.key));
    return fmt::format("answered '{}' to a {}", printable(reply), command);
}

}  // namespace millrace::perf
