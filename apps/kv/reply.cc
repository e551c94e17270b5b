#include "apps/kv/reply.hh"

#include <algorithm>
#include <utility>

namespace millrace::kv {

namespace {
constexpr size_t first_capacity = 1024;
constexpr size_t kept_capacity = 64 * 1024;
constexpr size_t header_bytes = 1 + longest_integer + 2;
}  // namespace

void reply_builder::line(char type, std::string_view text) {
    char* out = reserve(text.size() + 3);
    *out++ = type;
    // An echo of the client's own words must not end the line early.
    for (char c : text) *out++ = c == '\r' || c == '\n' ? ' ' : c;
    *out++ = '\r';
    *out = '\n';
    size_ += text.size() + 3;
}

void reply_builder::header(char type, int64_t value) {
    char* out = reserve(header_bytes);
    out[0] = type;
    size_t n = 1;
    if (value >= 0 && value <= 9)
        out[n++] = char('0' + value);
    else
        n += format_integer(out + 1, value);
    out[n] = '\r';
    out[n + 1] = '\n';
    size_ += n + 2;
}

void reply_builder::bulk(std::string_view value) {
    reserve(header_bytes + value.size() + 2);
    header('$', int64_t(value.size()));
    char* out = data_.get() + size_;
    if (!value.empty()) std::memcpy(out, value.data(), value.size());
    out[value.size()] = '\r';
    out[value.size() + 1] = '\n';
    size_ += value.size() + 2;
}

void reply_builder::bulk(const buffer& storage, size_t offset, size_t size) {
    if (size < attach_bytes) return bulk(storage.view().substr(offset, size));
    header('$', int64_t(size));
    attach(storage.share(offset, size));
    raw("\r\n");
}

void reply_builder::attach(buffer bytes) {
    attached_bytes_ += bytes.size();
    attachments_.push_back({size_, std::move(bytes)});
}

void reply_builder::cut(mark to) noexcept {
    size_ = to.text;
    for (; attachments_.size() > to.attachments; attachments_.pop_back())
        attached_bytes_ -= attachments_.back().bytes.size();
}

void reply_builder::append(const reply_builder& other, mark from, mark to) {
    size_t base = size_;
    raw(other.text().substr(from.text, to.text - from.text));
    for (size_t i = from.attachments; i < to.attachments; ++i) {
        const attachment& a = other.attachments_[i];
        attached_bytes_ += a.bytes.size();
        attachments_.push_back({base + a.at - from.text, a.bytes.share()});
    }
}

void reply_builder::clear() noexcept {
    size_ = 0;
    attached_bytes_ = 0;
    attachments_.clear();
    if (capacity_ <= kept_capacity) return;
    data_.reset();
    capacity_ = 0;
}

void reply_builder::grow(size_t n) {
    size_t capacity = std::max({first_capacity, capacity_ * 2, size_ + n});
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
}

}  // namespace millrace::kv
