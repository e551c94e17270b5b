// The short ways into and out of a connection, asked first as a host asks them.
#pragma once

#include "core/buffer.hh"
#include "tcp/connection/connection.hh"
#include "tcp/segment/plain_run.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::tcp::script {

// False: `datagram`, which came with `mark` in its IP header, is to go the general way.
inline bool arrive_plainly(connection& c, std::string_view datagram, time_point now, net::ecn mark = {}) {
    if (mark == net::ecn::congestion_experienced) return false;
    buffer bytes = buffer::copy_of(datagram);
    const plain_segment s(bytes.bytes(), mark);
    if (!s.is_plain() || !c.on_plain_segment(s, now)) return false;
    if (s.payload_bytes() > 0) {
        bytes.trim_front(s.header_bytes());
        c.keep(std::move(bytes));
    }
    return true;
}

// How many of these datagrams, which came one behind the other, were taken as one; 0: the first is to be
// taken by itself.
inline size_t arrive_as_run(connection& c, std::span<const std::pair<std::string_view, net::ecn>> datagrams,
                            time_point now) {
    const auto segment_of = [](const std::pair<std::string_view, net::ecn>& d) {
        return plain_segment({reinterpret_cast<const uint8_t*>(d.first.data()), d.first.size()}, d.second);
    };
    const plain_segment first = segment_of(datagrams.front());
    if (!first.is_plain() || first.congestion() == net::ecn::congestion_experienced) return 0;
    plain_run run(first);
    size_t n = 1;
    while (n < datagrams.size() && run.append(segment_of(datagrams[n]))) ++n;
    if (n == 1 || !c.on_plain_run(run, now)) return 0;
    for (const auto& [datagram, mark] : datagrams.first(n)) {
        buffer bytes = buffer::copy_of(datagram);
        bytes.trim_front(first.header_bytes());
        c.keep(std::move(bytes));
    }
    return n;
}

// The datagram that goes out; none if what is next, if anything, is to be asked for the general way.
// `ect`: whether its IP header shall say so.
inline std::string datagram_of(const plain_outgoing& o, uint16_t from, uint16_t to) {
    std::string bytes(o.header_bytes(), '\0');
    emit(o, from, to, reinterpret_cast<uint8_t*>(bytes.data()));
    if (o.payload_bytes > 0) bytes.append(o.payload(), o.payload_bytes);
    return bytes;
}
inline std::optional<std::string> next_plainly(connection& c, uint16_t from, uint16_t to, time_point now,
                                               bool* ect = nullptr) {
    plain_outgoing o;
    if (!c.next_plain_segment(o, now)) return std::nullopt;
    if (ect) *ect = o.ect;
    return datagram_of(o, from, to);
}

// The same with what is made one with it, up to `most`, cut again.
inline std::vector<std::string> next_run_plainly(connection& c, uint16_t from, uint16_t to, time_point now,
                                                 uint32_t most, bool& ect) {
    std::vector<std::string> all;
    plain_outgoing o;
    if (!c.next_plain_segment(o, now)) return all;
    ect = o.ect;
    const uint32_t full = o.payload_bytes;
    const uint32_t n = full > 0 && !o.push ? c.prolong(o, most, 65'000, now) : 1;
    for (uint32_t i = 0; i < n; ++i) {
        plain_outgoing piece = o;
        piece.seq += i * full;
        piece.offset += i * full;
        piece.payload_bytes = i + 1 < n ? full : o.payload_bytes - i * full;
        piece.push = o.push && i + 1 == n;
        all.push_back(datagram_of(piece, from, to));
    }
    return all;
}

}  // namespace millrace::tcp::script
