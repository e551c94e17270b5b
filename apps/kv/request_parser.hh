// RESP2 requests, and the inline commands of people with telnet, parsed where they lie: arguments are views
// of the buffers that the network filled. Only a request that spans two reads is copied.
#pragma once

#include "core/buffer.hh"

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::kv {

using arguments = std::span<const std::string_view>;

struct request_limits {
    size_t argument_bytes = 64u << 20;  // Redis: proto-max-bulk-len
    size_t arguments = 1u << 20;        // per request
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
// `in_pending_`, with those of `input_` behind them; otherwise in `input_`.
class request_parser {
 public:
    enum class outcome : uint8_t { request, incomplete, malformed };

    // Both must outlive the parser.
    request_parser(const request_limits& limits, byte_budget& budget) noexcept
        : limits_(limits), budget_(budget) {}
    request_parser(const request_parser&) = delete;
    request_parser& operator=(const request_parser&) = delete;
    ~request_parser() { budget_.give_back(pending_.capacity() + charged_views_); }

    // The bytes behind those fed before, which must have been detached.
    void feed(buffer bytes) noexcept;
    // Looks for the next request with at least one argument; empty ones are skipped, as Redis does.
    // After `malformed` nothing more can be parsed.
    outcome next();
    // The request found. The span is valid until next(), what its views point to until detach().
    arguments request() const noexcept { return arguments_; }
    // What is wrong, to be said behind "Protocol error: ".
    const std::string& error() const noexcept { return error_; }
    // Lets go of the buffer fed, before the next is waited for: keeps a copy of the incomplete rest. False if
    // the budget does not allow that; the parser is useless then.
    [[nodiscard]] bool detach();

 private:
    enum class step : uint8_t { done, skipped, starved, wrong };
    step parse();
    step parse_arguments();
    step parse_inline();
    step read_number(std::string_view what, int64_t& number);
    step read_long_number(std::string_view what, int64_t& number);
    step wrong(std::string text);
    bool pull();
    bool append_to_pending(const char* bytes, size_t n);
    bool reserve_pending(size_t n);
    bool charge_views(size_t bytes) noexcept;
    void begin_request() noexcept;

    const request_limits& limits_;
    byte_budget& budget_;
    buffer input_;
    std::vector<char> pending_;
    const char* start_ = nullptr;  // of the request that is being parsed
    const char* at_ = nullptr;     // parsed up to here
    const char* end_ = nullptr;    // of the region that at_ is in
    std::vector<std::string_view> arguments_;
    size_t charged_views_ = 0;  // bytes of arguments_ taken from the budget
    size_t arguments_left_ = 0;
    int64_t bulk_bytes_ = -1;  // of the argument whose header has been read
    size_t line_scanned_ = 0;  // bytes from at_ known to hold no end of line
    bool in_pending_ = false;
    bool handed_out_ = false;
    std::list<std::string> unquoted_;  // arguments whose quotes had to be undone
    std::string error_;
};

// Splits a line into arguments at blanks; "..." with \n \r \t \b \a \xHH and '...' with \' are one argument,
// as in Redis. Views are of the line, or of strings added to `unquoted`. False: quotes are unbalanced.
bool split_inline(std::string_view line, std::vector<std::string_view>& out,
                  std::list<std::string>& unquoted);

}  // namespace millrace::kv
