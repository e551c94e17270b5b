// Frames for tests of devices: made, sent and received as strings.
#pragma once

#include "net/device.hh"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::net::frames {

// Bytes that differ along the frame and between frames of different sizes.
inline std::string pattern(size_t size) {
    std::string s(size, '\0');
    for (size_t i = 0; i < size; ++i) s[i] = char(i * 7 + size);
    return s;
}

// In a buffer of the device's, or in one of the heap's that the device does not know.
inline packet in_device_buffer(device_queue& q, std::string_view bytes) {
    packet p;
    p.head = q.allocate();
    if (p.head.storage()) bytes.copy(p.head.append(bytes.size()), bytes.size());
    return p;
}
inline packet in_foreign_buffer(std::string_view bytes) {
    packet p;
    p.head = buffer::copy_of(bytes);
    return p;
}

inline bool send(device_queue& q, packet p) {
    return q.transmit(std::span(&p, 1)) == 1;
}
// False too if the pool is empty.
inline bool send(device_queue& q, std::string_view bytes) {
    packet p = in_device_buffer(q, bytes);
    return p.head.storage() && send(q, std::move(p));
}

inline std::string bytes_of(const packet& p) {
    std::string s = p.head.to_string();
    for (const buffer& b : p.fragments) s += b.view();
    return s;
}

// All that wait now.
inline std::vector<std::string> receive_all(device_queue& q) {
    std::vector<std::string> all;
    std::array<packet, 32> burst;
    while (size_t n = q.receive(burst)) {
        for (size_t i = 0; i < n; ++i) all.push_back(bytes_of(burst[i]));
    }
    return all;
}

}  // namespace millrace::net::frames
