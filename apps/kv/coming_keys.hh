// What keys a read will ask for, before its requests are parsed.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::kv {

// Goes over the requests in `read`, of two to nine arguments each, as nearly every request for a key is. Only
// a guess: nothing is checked that the parser will check.
class coming_keys {
 public:
    // `read` must outlive this.
    explicit coming_keys(std::string_view read) noexcept : at_(read.data()), end_(at_ + read.size()) {}

    // The second argument of the next request. Empty where there is none, or an empty one, or not all of it,
    // or a request of another form; and from then on.
    std::string_view next() noexcept { return at_ == end_ ? std::string_view() : take(); }

 private:
    // Not inline: who asks has other work, and few keys to be guessed.
    [[gnu::noinline]] std::string_view take() noexcept {
        constexpr size_t head_bytes = 4;  // "*2\r\n"
        size_t left = 0;                  // arguments of the request
        if (end_ - at_ >= ptrdiff_t(head_bytes) && at_[0] == '*' && at_[2] == '\r') left = digit(at_[1]);
        if (left < 2 || left > 9) return give_up();
        at_ += head_bytes;
        skip_argument();
        const std::string_view key = skip_argument();
        if (key.empty()) return give_up();
        for (left -= 2; left > 0; --left) skip_argument();
        return key;
    }
    // "$3\r\nGET\r\n": "GET".
    std::string_view skip_argument() noexcept {
        if (at_ == end_ || *at_ != '$') return give_up();
        const char* p = at_ + 1;
        const size_t most = size_t(end_ - at_);
        size_t bytes = 0;
        for (; p != end_ && digit(*p) <= 9 && bytes <= most; ++p) bytes = bytes * 10 + digit(*p);
        constexpr size_t line_end = 2;  // bytes
        if (size_t(end_ - p) < line_end || bytes > size_t(end_ - p) - line_end) return give_up();
        p += line_end;
        const std::string_view argument(p, bytes);
        p += bytes;
        at_ = size_t(end_ - p) < line_end ? end_ : p + line_end;
        return argument;
    }
    std::string_view give_up() noexcept {
        at_ = end_;
        return {};
    }
    static size_t digit(char c) noexcept { return size_t(static_cast<unsigned char>(c)) - size_t('0'); }

    const char* at_;
    const char* end_;
};

}  // namespace millrace::kv
