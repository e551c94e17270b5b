// The replies of one read, collected for one write: RESP2 text, with large values attached instead of copied.
#pragma once

#include "apps/kv/number.hh"
#include "core/buffer.hh"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace millrace::kv {

class reply_builder {
 public:
    // From this size on a value that has a buffer is attached to the reply rather than copied.
    static constexpr size_t attach_bytes = 4096;

    void simple(std::string_view text) { line('+', text); }
    // "ERR something", without the dash.
    void error(std::string_view text) { line('-', text); }
    void ok() { raw("+OK\r\n"); }
    void null() { raw("$-1\r\n"); }
    void integer(int64_t value) { header(':', value); }
    void array(size_t elements) { header('*', int64_t(elements)); }
    void bulk(std::string_view value);
    // Attaches the value if it is large; then its storage must not change shards while the reply lives.
    void bulk(const buffer& storage, size_t offset, size_t size);
    void raw(std::string_view text) {
        if (text.empty()) return;
        std::memcpy(reserve(text.size()), text.data(), text.size());
        size_ += text.size();
    }

    // A place in the reply: between two complete replies.
    struct mark {
        size_t text = 0;
        size_t attachments = 0;
    };
    mark end() const noexcept { return {size_, attachments_.size()}; }
    // Takes back what was added behind a mark.
    void cut(mark to) noexcept;
    // Adds what another builder holds between two marks; attachments are shared.
    void append(const reply_builder& other, mark from, mark to);

    // Text and attachments.
    size_t bytes() const noexcept { return size_ + attached_bytes_; }
    bool empty() const noexcept { return size_ == 0; }
    // Forgets the replies, and memory beyond what a usual read needs.
    void clear() noexcept;

    // The whole reply, if nothing is attached.
    std::string_view text() const noexcept { return {data_.get(), size_}; }
    bool has_attachments() const noexcept { return !attachments_.empty(); }
    struct attachment {
        size_t at;  // in the text
        buffer bytes;
    };
    std::vector<attachment>& attachments() noexcept { return attachments_; }

 private:
    void line(char type, std::string_view text);
    void header(char type, int64_t value);
    void attach(buffer bytes);
    char* reserve(size_t n) {
        if (capacity_ - size_ < n) grow(n);
        return data_.get() + size_;
    }
    void grow(size_t n);

    std::unique_ptr<char[]> data_;
    size_t size_ = 0;
    size_t capacity_ = 0;
    std::vector<attachment> attachments_;
    size_t attached_bytes_ = 0;
};

}  // namespace millrace::kv
