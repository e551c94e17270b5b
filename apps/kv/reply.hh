// The replies of one read, collected for one write: RESP2 text in a buffer that is handed over as it is, with
// large values attached instead of copied.
#pragma once

#include "apps/kv/bytes.hh"
#include "apps/kv/number.hh"
#include "core/buffer.hh"

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::kv {

class reply_builder {
 public:
    // From this size on a value that has a buffer is attached to the reply rather than copied.
    static constexpr size_t attach_bytes = 4096;

    reply_builder() noexcept = default;
    reply_builder(const reply_builder&) = delete;
    reply_builder& operator=(const reply_builder&) = delete;

    void simple(std::string_view text) { line('+', text); }
    // "ERR something", without the dash.
    void error(std::string_view text) { line('-', text); }
    void ok() { raw("+OK\r\n"); }
    void null() { raw("$-1\r\n"); }
    void integer(int64_t value) { at_ = put_header(reserve(header_bytes), ':', value); }
    void array(size_t elements) { at_ = put_header(reserve(header_bytes), '*', int64_t(elements)); }
    void bulk(std::string_view value) {
        if (!fits_as_short(value.size())) [[unlikely]]
            return long_bulk(value);
        char* out = put_size(at_, '$', unsigned(value.size()));
        copy_short_bytes(out, value.data(), value.size());
        end_bulk(out + value.size());
    }
    // The same, of a value behind whose first byte 16 can be read, however short it is.
    void bulk_of_words(std::string_view value) {
        if (!fits_as_short(value.size())) [[unlikely]]
            return long_bulk(value);
        char* out = put_size(at_, '$', unsigned(value.size()));
        copy_whole_words(out, value.data());
        end_bulk(out + value.size());
    }
    // Attaches the value if it is large; then its storage must not change shards while the reply lives.
    void bulk(const buffer& storage, size_t offset, size_t size);
    void raw(std::string_view text) {
        copy_bytes(reserve(text.size()), text.data(), text.size());
        at_ += text.size();
    }

    // A place in the reply: between two complete replies.
    struct mark {
        size_t text = 0;
        size_t attachments = 0;
    };
    mark end() const noexcept { return {text_bytes(), attachments_.size()}; }
    // Keeps the first bytes of the text, complete replies, and what is attached to them.
    void cut(size_t text_bytes) noexcept;
    // Adds what another builder holds between two marks; attachments are shared.
    void append(const reply_builder& other, mark from, mark to);

    // Text and attachments.
    size_t bytes() const noexcept { return text_bytes() + attached_bytes_; }
    bool empty() const noexcept { return at_ == begin_; }
    // Forgets the replies, and memory beyond what a usual read needs.
    void clear() noexcept {
        at_ = begin_;
        if (!attachments_.empty() || size_t(limit_ - begin_) > kept_capacity) clear_large();
    }

    // The whole reply, if nothing is attached.
    std::string_view text() const noexcept { return {begin_, text_bytes()}; }
    bool has_attachments() const noexcept { return !attachments_.empty(); }
    struct attachment {
        size_t at;  // in the text
        buffer bytes;
    };
    std::vector<attachment>& attachments() noexcept { return attachments_; }
    // The text, without the attachments: forgets all.
    buffer take_text() noexcept {
        storage_.trim(text_bytes());
        begin_ = at_ = limit_ = nullptr;
        return std::move(storage_);
    }

 private:
    static constexpr size_t kept_capacity = 64 * 1024;
    static constexpr size_t header_bytes = 1 + longest_integer + 2;
    static constexpr uint16_t crlf = '\r' | '\n' << 8;

    // "$16\r\n"; below 100.
    static char* put_size(char* out, char type, unsigned size) noexcept {
        constexpr uint32_t ends = uint32_t(crlf) << 16;
        if (size < 10) {
            store_word(out, uint32_t(uint8_t(type)) | ('0' + size) << 8 | ends);
            return out + 4;
        }
        *out = type;
        store_word(out + 1, two_digits(size) | ends);
        return out + 5;
    }
    // At most header_bytes.
    static char* put_header(char* out, char type, int64_t value) noexcept {
        if (uint64_t(value) < 100) return put_size(out, type, unsigned(value));
        *out = type;
        out += 1 + format_integer(out + 1, value);
        store_word(out, crlf);
        return out + sizeof crlf;
    }
    // A value that is copied without a call, and there is room for it, whatever its size.
    bool fits_as_short(size_t bytes) const noexcept {
        constexpr size_t short_bytes = 16;
        return bytes <= short_bytes && size_t(limit_ - at_) >= header_bytes + short_bytes + sizeof crlf;
    }
    void end_bulk(char* out) noexcept {
        store_word(out, crlf);
        at_ = out + sizeof crlf;
    }
    [[gnu::noinline]] void long_bulk(std::string_view value);
    size_t text_bytes() const noexcept { return size_t(at_ - begin_); }
    void line(char type, std::string_view text);
    void attach(buffer bytes);
    [[gnu::noinline]] void clear_large() noexcept;
    char* reserve(size_t n) {
        if (size_t(limit_ - at_) < n) [[unlikely]]
            grow(n);
        return at_;
    }
    [[gnu::noinline]] void grow(size_t n);

    char* begin_ = nullptr;
    char* at_ = nullptr;
    char* limit_ = nullptr;
    buffer storage_;  // [begin_, limit_)
    std::vector<attachment> attachments_;
    size_t attached_bytes_ = 0;
};

}  // namespace millrace::kv
