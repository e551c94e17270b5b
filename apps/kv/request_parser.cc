#include "apps/kv/request_parser.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::kv {

namespace {
constexpr size_t kept_pending_bytes = 512;  // memory kept by a connection that waits
constexpr size_t kept_arguments = 64;
}  // namespace

// Of a common request with the given first 8 bytes, and `left` bytes in all: number and sizes, and its name.
bool request_parser::take_front(uint64_t head, size_t left) noexcept {
    using detail::crlf;
    constexpr uint64_t counts = word_of({"*\0\r\n$\0\r\n", front_head_bytes});
    const unsigned count = (head >> 8 & 0xff) - '0';
    const size_t name = (head >> 40 & 0xff) - '0';
    if ((head & 0xffff'00ff'ffff'00ff) != counts) return false;
    // Longer names, which few commands have, go the general way.
    constexpr size_t longest_name = most_front_bytes - front_head_bytes - sizeof crlf;
    static_assert(longest_name <= command_word::most_bytes);
    if (count - 1 >= most_common_arguments || name - 1 >= longest_name) return false;
    const char* end = at_ + front_head_bytes + name;
    if (left < front_head_bytes + name + sizeof crlf || load<uint16_t>(end) != crlf) return false;
    name_ = command_word::before(end, name);
    common_[0] = {at_ + front_head_bytes, name};
    request_ = {common_.data(), count};
    front_bytes_ = front_head_bytes + name + sizeof crlf;
    front_head_ = head;
    front_tail_ = load<uint64_t>(at_ + front_bytes_ - sizeof front_tail_);
    return true;
}

request_parser::outcome request_parser::next_of_any_form() {
    if (handed_out_) begin_request();
    for (;;) {
        if (fresh_ && take_common()) return outcome::request;
        fresh_ = tidy_ = false;
        switch (parse()) {
            case step::done:
                request_ = arguments_;
                name_ = command_word(request_[0]);
                front_bytes_ = SIZE_MAX;
                repeats_ = false;
                handed_out_ = true;
                return outcome::request;
            case step::skipped:
                begin_request();
                break;
            case step::starved:
                if (!in_pending_ || input_.empty()) return outcome::incomplete;
                if (!pull()) return outcome::malformed;
                break;
            case step::wrong:
                return outcome::malformed;
        }
    }
}

void request_parser::begin_request() noexcept {
    handed_out_ = false;
    arguments_.clear();
    arguments_left_ = 0;
    bulk_bytes_ = -1;
    line_scanned_ = 0;
    // Only as much as one request needed was copied to pending_, so it ends with that request.
    if (in_pending_) {
        in_pending_ = false;
        at_ = input_.data();
        end_ = at_ + input_.size();
    }
    start_ = at_;
    fresh_ = true;
}

request_parser::step request_parser::parse() {
    if (arguments_left_ == 0) {
        if (at_ == end_) return step::starved;
        if (*at_ != '*') return parse_inline();
        int64_t count;
        if (step s = read_number("multibulk", count); s != step::done) return s;
        if (count <= 0) return step::skipped;
        if (uint64_t(count) > limits_.arguments) return wrong("invalid multibulk length");
        arguments_left_ = size_t(count);
    }
    return parse_arguments();
}

request_parser::step request_parser::parse_arguments() {
    do {
        if (bulk_bytes_ < 0) {
            if (at_ == end_) return step::starved;
            if (*at_ != '$') {
                bool printable = *at_ > ' ' && *at_ < 127;
                return wrong(fmt::format("expected '$', got '{}'", printable ? *at_ : '?'));
            }
            int64_t bytes;
            if (step s = read_number("bulk", bytes); s != step::done) return s;
            if (bytes < 0 || uint64_t(bytes) > limits_.argument_bytes) return wrong("invalid bulk length");
            bulk_bytes_ = bytes;
        }
        size_t bytes = size_t(bulk_bytes_);
        if (size_t(end_ - at_) < bytes + 2) return step::starved;
        if (at_[bytes] != '\r' || at_[bytes + 1] != '\n') return wrong("expected CRLF behind a bulk");
        arguments_.emplace_back(at_, bytes);
        at_ += bytes + 2;
        bulk_bytes_ = -1;
    } while (--arguments_left_ != 0);
    return step::done;
}

// "*3\r\n" or "$-1\r\n" at at_, which moves behind it when it is whole.
request_parser::step request_parser::read_number(std::string_view what, int64_t& number) {
    const char* p = at_ + 1;
    bool negative = p != end_ && *p == '-';
    p += negative;
    const char* digits = p;
    int64_t value = 0;
    for (; p != end_ && *p >= '0' && *p <= '9' && p - digits < 18; ++p) value = value * 10 + (*p - '0');
    if (end_ - p < 2 && (p == end_ || *p == '\r')) return step::starved;
    if (p == digits || p[0] != '\r' || p[1] != '\n') return wrong(fmt::format("invalid {} length", what));
    number = negative ? -value : value;
    at_ = p + 2;
    return step::done;
}

request_parser::step request_parser::parse_inline() {
    size_t size = size_t(end_ - at_);
    const auto* newline =
        static_cast<const char*>(std::memchr(at_ + line_scanned_, '\n', size - line_scanned_));
    size_t line_bytes = newline ? size_t(newline - at_) : size;
    if (line_bytes > limits_.inline_bytes) return wrong("too big inline request");
    if (!newline) {
        line_scanned_ = size;
        return step::starved;
    }
    if (line_bytes != 0 && newline[-1] == '\r') --line_bytes;
    std::string_view line(at_, line_bytes);
    at_ = newline + 1;
    line_scanned_ = 0;
    if (!split_inline(line, arguments_, unquoted_)) return wrong("unbalanced quotes in request");
    if (arguments_.size() > limits_.arguments) return wrong("too many arguments");
    return arguments_.empty() ? step::skipped : step::done;
}

request_parser::step request_parser::wrong(std::string text) {
    error_ = std::move(text);
    return step::wrong;
}

// Copies from input_ to pending_ what the request in pending_ lacks, as far as that is known.
bool request_parser::pull() {
    size_t n = input_.size();
    if (bulk_bytes_ >= 0) {
        n = std::min(n, size_t(bulk_bytes_) + 2 - size_t(end_ - at_));
    } else if (const void* newline = std::memchr(input_.data(), '\n', n)) {
        n = size_t(static_cast<const char*>(newline) - input_.data()) + 1;
    }
    if (!append_to_pending(input_.data(), n)) return false;
    input_.trim_front(n);
    return true;
}

bool request_parser::append_to_pending(const char* bytes, size_t n) {
    if (!reserve_pending(pending_.size() + n)) {
        error_ = "too much unfinished input";
        return false;
    }
    pending_.insert(pending_.end(), bytes, bytes + n);
    end_ = pending_.data() + pending_.size();
    return true;
}

// Makes room for `n` bytes. What points into pending_ moves with it.
bool request_parser::reserve_pending(size_t n) {
    if (n <= pending_.capacity()) return true;
    size_t capacity = std::max({n, pending_.capacity() * 2, size_t(128)});
    if (!budget_.take(capacity)) {
        // With little left it grows by less; least_unfinished() counts on that.
        capacity = n + n / 8;
        if (!budget_.take(capacity)) return false;
    }
    std::vector<char> larger;
    larger.reserve(capacity);
    larger.insert(larger.end(), pending_.begin(), pending_.end());
    auto moved = [&](const char* p) { return larger.data() + (p - pending_.data()); };
    for (auto& a : arguments_) a = {moved(a.data()), a.size()};
    start_ = moved(start_);
    at_ = moved(at_);
    end_ = moved(end_);
    budget_.give_back(pending_.capacity());
    pending_.swap(larger);
    return true;
}

// Empty arguments are views that cost more than the bytes that they came in.
bool request_parser::charge_views(size_t bytes) noexcept {
    if (bytes > charged_views_ && !budget_.take(bytes - charged_views_)) return false;
    if (bytes < charged_views_) budget_.give_back(charged_views_ - bytes);
    charged_views_ = bytes;
    return true;
}

bool request_parser::detach_with_rest() {
    if (handed_out_) begin_request();
    unquoted_.clear();
    if (in_pending_) {
        CHECK(input_.empty());  // next() has pulled it all
        input_ = buffer();
        return charge_views(arguments_.capacity() * sizeof(std::string_view));
    }
    if (start_ == end_) {
        if (pending_.capacity() > kept_pending_bytes) {
            budget_.give_back(pending_.capacity());
            std::vector<char>().swap(pending_);
        }
        if (arguments_.capacity() > kept_arguments) std::vector<std::string_view>().swap(arguments_);
        input_ = buffer();
        fresh_ = tidy_ = true;
        return charge_views(0);
    }
    const char* old = start_;
    size_t rest = size_t(end_ - start_), parsed = size_t(at_ - start_);
    pending_.clear();
    std::vector<std::string_view> views;  // of input_: they must not move along with pending_
    views.swap(arguments_);
    start_ = at_ = end_ = pending_.data();
    if (!append_to_pending(old, rest)) return false;
    for (auto& a : views) a = {pending_.data() + (a.data() - old), a.size()};
    arguments_.swap(views);
    start_ = pending_.data();
    at_ = start_ + parsed;
    in_pending_ = true;
    fresh_ = tidy_ = false;
    input_ = buffer();
    return charge_views(arguments_.capacity() * sizeof(std::string_view));
}

}  // namespace millrace::kv
