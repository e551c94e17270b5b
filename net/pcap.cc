#include "net/pcap.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace millrace::net {

namespace {

// draft-ietf-opsawg-pcap §4: the file's header. Written in the machine's byte order, which readers detect by
// the magic number.
struct file_header {
    uint32_t magic;
    uint16_t major_version = 2;
    uint16_t minor_version = 4;
    uint32_t zone = 0;
    uint32_t accuracy = 0;
    uint32_t snap_length;
    uint32_t link_type;
};
static_assert(sizeof(file_header) == 24);

// §5: before each frame.
struct record_header {
    uint32_t seconds;
    uint32_t fraction;
    uint32_t captured;
    uint32_t length;
};
static_assert(sizeof(record_header) == 16);

constexpr uint32_t magic_microseconds = 0xa1b2c3d4;
constexpr uint32_t magic_nanoseconds = 0xa1b23c4d;
constexpr uint32_t link_type_ethernet = 1;
constexpr uint32_t link_type_mask = 0x03ffffff;  // above it: what is known of the frame check sequence
constexpr uint32_t longest_frame = 262144;       // what other readers accept

[[noreturn]] void fail(const std::string& path, std::string_view why,
                       std::errc code = std::errc::invalid_argument) {
    throw std::system_error(std::make_error_code(code), fmt::format("capture file {}: {}", path, why));
}

[[noreturn]] void fail_to_open(const std::string& path, const char* what_for) {
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("cannot {} capture file {}", what_for, path));
}

}  // namespace

pcap_writer::pcap_writer(const std::string& path, uint32_t snap_length)
    : file_(std::fopen(path.c_str(), "wb")), snap_length_(snap_length) {
    if (!file_) fail_to_open(path, "write");
    const file_header header{
        .magic = magic_nanoseconds, .snap_length = snap_length, .link_type = link_type_ethernet};
    put(&header, sizeof header);
    flush();
    if (failed_) fail_to_open(path, "write");
}

void pcap_writer::write(time_point at, const packet& frame) noexcept {
    using namespace std::chrono;
    const auto since = at.time_since_epoch();
    const auto whole = duration_cast<seconds>(since);
    const size_t size = frame.size();
    size_t left = std::min<size_t>(size, snap_length_);
    const record_header header{.seconds = uint32_t(whole.count()),
                               .fraction = uint32_t((since - whole).count()),
                               .captured = uint32_t(left),
                               .length = uint32_t(size)};
    put(&header, sizeof header);
    auto put_part = [&](const buffer& b) {
        const size_t n = std::min(left, b.size());
        put(b.data(), n);
        left -= n;
    };
    put_part(frame.head);
    for (const buffer& b : frame.fragments) put_part(b);
    if (!failed_) ++frames_;
}

void pcap_writer::flush() noexcept {
    if (!failed_ && std::fflush(file_.get()) != 0) failed_ = true;
}

void pcap_writer::put(const void* bytes, size_t size) noexcept {
    if (failed_ || size == 0) return;
    if (std::fwrite(bytes, size, 1, file_.get()) != 1) failed_ = true;
}

pcap_reader::pcap_reader(const std::string& path) : file_(std::fopen(path.c_str(), "rb")), path_(path) {
    if (!file_) fail_to_open(path, "read");
    file_header header;
    if (std::fread(&header, sizeof header, 1, file_.get()) != 1) fail(path, "too short to be one");
    if (header.magic == magic_nanoseconds || header.magic == magic_microseconds) {
        swapped_ = false;
    } else if (header.magic == __builtin_bswap32(magic_nanoseconds) ||
               header.magic == __builtin_bswap32(magic_microseconds)) {
        swapped_ = true;
    } else {
        fail(path, "not in the pcap format (pcapng files can be converted with editcap -F nsecpcap)");
    }
    nanoseconds_ = number(header.magic) == magic_nanoseconds;
    if ((number(header.link_type) & link_type_mask) != link_type_ethernet)
        fail(path, "its frames are not Ethernet's");
}

std::optional<pcap_frame> pcap_reader::next() {
    using namespace std::chrono;
    record_header header;
    const size_t got = std::fread(&header, 1, sizeof header, file_.get());
    if (got == 0 && std::feof(file_.get())) return std::nullopt;
    if (got != sizeof header) fail(path_, "ends inside the header of a frame", std::errc::io_error);
    const uint32_t captured = number(header.captured);
    if (captured > longest_frame) fail(path_, "damaged: a frame longer than any can be", std::errc::io_error);

    pcap_frame frame;
    const int64_t fraction = number(header.fraction);
    frame.at =
        time_point(seconds(number(header.seconds)) + nanoseconds(nanoseconds_ ? fraction : fraction * 1000));
    frame.length = number(header.length);
    frame.bytes = buffer::allocate(captured);
    if (captured && std::fread(frame.bytes.mutable_data(), captured, 1, file_.get()) != 1) {
        fail(path_, "ends inside a frame", std::errc::io_error);
    }
    return frame;
}

uint32_t pcap_reader::number(uint32_t as_stored) const noexcept {
    return swapped_ ? __builtin_bswap32(as_stored) : as_stored;
}

}  // namespace millrace::net
