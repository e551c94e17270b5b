// The fixed twenty bytes of a TCP header: checked parse and emit. RFC 9293 §3.1.
#pragma once

#include "tcp/segment/flags.hh"
#include "tcp/segment/seq.hh"

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::tcp {

// Why bytes are no segment; the names of the counters of such drops.
enum class segment_fault : uint8_t {
    none,
    truncated,        // shorter than the fixed header, or than the data offset says
    bad_data_offset,  // a data offset below five words
    bad_options,      // an option's length runs past the options' end or is below two
};

struct header {
    static constexpr size_t size = 20;
    static constexpr size_t max_size = 60;  // with all the options that the data offset can count

    uint16_t source_port = 0;
    uint16_t destination_port = 0;
    tcp::seq seq;
    tcp::seq ack;
    uint8_t data_offset_bytes = size;  // header and options: 20 to 60, a multiple of four
    tcp::flags flags;
    uint16_t wnd = 0;  // as on the wire: unscaled
    uint16_t checksum = 0;
    uint16_t urgent_pointer = 0;
};

// Reads the header; `into` is valid only if the answer is segment_fault::none, and then the bytes hold the
// whole header with its options. Does not look at the checksum, which needs the addresses.
[[nodiscard]] segment_fault parse(std::span<const uint8_t> bytes, header& into) noexcept;

// Writes header::size bytes; the checksum is written as given.
void emit(const header& h, uint8_t* to) noexcept;

// Where the checksum lies in the header, for whoever fills it in.
inline constexpr size_t checksum_offset = 16;

}  // namespace millrace::tcp
