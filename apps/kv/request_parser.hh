// RESP2 requests, and the inline commands of people with telnet, parsed where they lie: arguments are views
// of the buffers that the network filled. Only a request that spans two reads is copied.
#pragma once

#include "apps/kv/bytes.hh"
#include "apps/kv/command_word.hh"
#include "core/buffer.hh"

#include <array>
#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::kv {

using arguments = std::span<const std::string_view>;

struct request_limits {
    size_t argument_bytes = 64u << 20;  // Redis: proto-max-bulk-len; at least 100
    size_t arguments = 1u << 20;        // per request; at least 6
    size_t inline_bytes = 64u << 10;    // of a line
};

// Bytes that all clients of a shard together may hold in requests not yet complete.
class byte_budget {
 public:
    explicit byte_budget(uint64_t limit) noexcept : limit_(limit) {}
    bool take(uint64_t bytes) noexcept {
        if (bytes > limit_ - used_) return false;
        used_ += bytes;
        return true;
    }
    void give_back(uint64_t bytes) noexcept { used_ -= bytes; }
    const uint64_t& used() const noexcept { return used_; }

 private:
    uint64_t limit_;
    uint64_t used_ = 0;
};

// One per connection. The cycle of a read: feed(), next() until it is no request, detach().
//
// Invariant: bytes from `start_` on are of a request not yet handed out. They lie in `pending_` (ours) if
// `in_pending_`, with those of `input_` behind them; otherwise in `input_`. While `fresh_` they lie in
// `input_` and none of them has been looked at.
class request_parser {
 public:
    enum class outcome : uint8_t { request, incomplete, malformed };

    // Both must outlive the parser.
    request_parser(const request_limits& limits, byte_budget& budget) noexcept
        : limits_(limits), budget_(budget) {
        CHECK(limits.argument_bytes >= most_common_bytes && limits.arguments >= most_common_arguments);
    }
    request_parser(const request_parser&) = delete;
    request_parser& operator=(const request_parser&) = delete;
    ~request_parser() { budget_.give_back(pending_.capacity() + charged_views_); }

    // The bytes behind those fed before, which must have been detached.
    void feed(buffer&& bytes) noexcept {
        CHECK(input_.empty());
        input_.swap(bytes);
        if (in_pending_) return;
        start_ = at_ = input_.data();
        end_ = at_ + input_.size();
    }
    // Looks for the next request with at least one argument; empty ones are skipped, as Redis does.
    // After `malformed` nothing more can be parsed.
    outcome next() {
        if (fresh_ && take_common()) [[likely]]
            return outcome::request;
        if (fresh_ && at_ == end_) return outcome::incomplete;
        return next_of_any_form();
    }
    // The request found. The span is valid until next(), what its views point to until detach().
    arguments request() const noexcept { return request_; }
    // It has the name and the number of arguments of the request before. False says nothing.
    bool repeats() const noexcept { return repeats_; }
    // Its first argument as find_command() takes it.
    command_word name() const noexcept { return name_; }
    // What is wrong, to be said behind "Protocol error: ".
    const std::string& error() const noexcept { return error_; }
    // Lets go of the buffer fed, before the next is waited for: keeps a copy of the incomplete rest. False if
    // the budget does not allow that; the parser is useless then.
    [[nodiscard]] bool detach() {
        if (!fresh_ || !tidy_ || at_ != end_) return detach_with_rest();
        const buffer done(std::move(input_));
        return true;
    }

 private:
    enum class step : uint8_t { done, skipped, starved, wrong };
    static constexpr size_t most_common_arguments = 6;
    static constexpr size_t most_common_bytes = 99;  // of an argument: two digits
    static constexpr size_t front_head_bytes = 8;    // "*2\r\n$3\r\n"
    static constexpr size_t least_common_request = 14;
    static constexpr size_t most_front_bytes = 2 * sizeof(uint64_t);  // all of them are compared

    bool take_common() noexcept;
    [[gnu::noinline]] bool take_front(uint64_t head, size_t left) noexcept;
    [[gnu::noinline]] outcome next_of_any_form();
    [[gnu::noinline]] bool detach_with_rest();
    step parse();
    step parse_arguments();
    step parse_inline();
    step read_number(std::string_view what, int64_t& number);
    step wrong(std::string text);
    bool pull();
    bool append_to_pending(const char* bytes, size_t n);
    bool reserve_pending(size_t n);
    bool charge_views(size_t bytes) noexcept;
    void begin_request() noexcept;

    const char* at_ = nullptr;     // parsed up to here
    const char* end_ = nullptr;    // of the region that at_ is in
    const char* start_ = nullptr;  // of the request that is being parsed
    arguments request_;
    command_word name_{};
    bool fresh_ = true;
    bool tidy_ = true;  // nothing is kept of a request but by take_common()
    bool in_pending_ = false;
    bool handed_out_ = false;  // by next_of_any_form()
    bool repeats_ = false;
    buffer input_;
    std::array<std::string_view, most_common_arguments> common_;
    // The front of the last common request, up to its second argument, as its first and its last 8 bytes:
    // what a client asks it asks again, and name_ and request_ are right then.
    uint64_t front_head_ = 0;
    uint64_t front_tail_ = 0;
    size_t front_bytes_ = SIZE_MAX;  // or this: there is none

    const request_limits& limits_;
    byte_budget& budget_;
    std::vector<char> pending_;
    std::vector<std::string_view> arguments_;
    size_t charged_views_ = 0;  // bytes of arguments_ taken from the budget
    size_t arguments_left_ = 0;
    int64_t bulk_bytes_ = -1;          // of the argument whose header has been read
    size_t line_scanned_ = 0;          // bytes from at_ known to hold no end of line
    std::list<std::string> unquoted_;  // arguments whose quotes had to be undone
    std::string error_;
};

// Splits a line into arguments at blanks; "..." with \n \r \t \b \a \xHH and '...' with \' are one argument,
// as in Redis. Views are of the line, or of strings added to `unquoted`. False: quotes are unbalanced.
bool split_inline(std::string_view line, std::vector<std::string_view>& out,
                  std::list<std::string>& unquoted);

namespace detail {

constexpr uint16_t crlf = '\r' | '\n' << 8;

// The size in "$3\r\n" or "$16\r\n" at `p`, which moves behind it; any number too large if it is neither.
// There must be 6 bytes.
inline size_t take_short_size(const char*& p) noexcept {
    constexpr uint64_t one_digit = word_of({"$\0\r\n", 4}), two_digits = word_of({"$\0\0\r", 4});
    const auto head = load<uint32_t>(p);
    const unsigned first = (head >> 8 & 0xff) - '0';
    if ((head & 0xffff'00ff) == one_digit && first < 10) {
        p += 4;
        return first;
    }
    const unsigned second = (head >> 16 & 0xff) - '0';
    if ((head & 0xff00'00ff) != two_digits || p[4] != '\n' || first >= 10 || second >= 10) return SIZE_MAX;
    p += 5;
    return first * 10 + second;
}

}  // namespace detail

// A request of few and short arguments, as most are, that lies there as a whole. False, and nothing is taken,
// if it is none.
[[gnu::always_inline]] inline bool request_parser::take_common() noexcept {
    using detail::crlf;
    const char* p = at_;
    size_t left = size_t(end_ - p);
    if (left < least_common_request) return false;
    const auto head = load<uint64_t>(p);
    const bool again = head == front_head_ && left >= front_bytes_ &&
                       load<uint64_t>(p + front_bytes_ - sizeof head) == front_tail_;
    repeats_ = again;
    if (!again && !take_front(head, left)) return false;
    common_[0] = {p + front_head_bytes, common_[0].size()};
    p += front_bytes_;
    std::string_view* const end = common_.data() + request_.size();
    for (std::string_view* a = common_.data() + 1; a != end; ++a) {
        if (end_ - p < 6) return false;
        const size_t bytes = detail::take_short_size(p);
        if (bytes > most_common_bytes || size_t(end_ - p) < bytes + 2 || load<uint16_t>(p + bytes) != crlf)
            return false;
        *a = {p, bytes};
        p += bytes + 2;
    }
    start_ = at_ = p;
    return true;
}

}  // namespace millrace::kv
