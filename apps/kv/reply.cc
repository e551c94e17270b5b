#include "apps/kv/reply.hh"

#include <algorithm>
#include <utility>

namespace millrace::kv {

namespace {
// With the buffer's own record, what the shard keeps at hand in blocks of 64 bytes.
constexpr size_t first_capacity = 256 - sizeof(buffer_storage);
}  // namespace

void reply_builder::line(char type, std::string_view text) {
    char* out = reserve(text.size() + 3);
    *out++ = type;
    // An echo of the client's own words must not end the line early.
    for (char c : text) *out++ = c == '\r' || c == '\n' ? ' ' : c;
    store_word(out, crlf);
    at_ = out + sizeof crlf;
}

void reply_builder::long_bulk(std::string_view value) {
    char* out = put_header(reserve(header_bytes + value.size() + 2), '$', int64_t(value.size()));
    copy_bytes(out, value.data(), value.size());
    store_word(out + value.size(), crlf);
    at_ = out + value.size() + sizeof crlf;
}

void reply_builder::bulk(const buffer& storage, size_t offset, size_t size) {
    if (size < attach_bytes) return bulk(storage.view().substr(offset, size));
    at_ = put_header(reserve(header_bytes), '$', int64_t(size));
    attach(storage.share(offset, size));
    raw("\r\n");
}

void reply_builder::attach(buffer bytes) {
    attached_bytes_ += bytes.size();
    attachments_.push_back({text_bytes(), std::move(bytes)});
}

void reply_builder::cut(size_t text_bytes) noexcept {
    at_ = begin_ + text_bytes;
    // A bulk's end follows what is attached: that of replies which stay lies before the cut.
    for (; !attachments_.empty() && attachments_.back().at >= text_bytes; attachments_.pop_back())
        attached_bytes_ -= attachments_.back().bytes.size();
}

void reply_builder::append(const reply_builder& other, mark from, mark to) {
    size_t base = text_bytes();
    raw(other.text().substr(from.text, to.text - from.text));
    for (size_t i = from.attachments; i < to.attachments; ++i) {
        const attachment& a = other.attachments_[i];
        attached_bytes_ += a.bytes.size();
        attachments_.push_back({base + a.at - from.text, a.bytes.share()});
    }
}

void reply_builder::clear_large() noexcept {
    attached_bytes_ = 0;
    attachments_.clear();
    if (size_t(limit_ - begin_) <= kept_capacity) return;
    begin_ = at_ = limit_ = nullptr;
    storage_ = buffer();
}

void reply_builder::grow(size_t n) {
    const size_t size = text_bytes();
    const size_t capacity = std::max({first_capacity, size_t(limit_ - begin_) * 2, size + n});
    buffer larger = buffer::allocate(capacity);
    copy_bytes(larger.mutable_data(), begin_, size);
    storage_.swap(larger);
    begin_ = storage_.mutable_data();
    at_ = begin_ + size;
    limit_ = begin_ + capacity;
}

}  // namespace millrace::kv
