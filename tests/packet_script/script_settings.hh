// What the flags at the top of a script set: --tolerance_usecs=10000 --mss=1000 --timestamps=0.
#pragma once

#include "net/interface_config.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"
#include "tests/packet_script/script.hh"

#include <cstdint>

namespace millrace::packet_script {

struct script_settings {
    tcp::native_settings stack{};
    net::interface_config interface {};
    net::wire_setup wire{};
    duration tolerance = std::chrono::milliseconds(4);  // of the time of a packet
    uint32_t ticks = 10;                                // of our timestamps: milliseconds
    uint16_t local_port = 8080;                         // that a script's SYN goes to
    uint16_t peer_port = 40000;
};

// Throws script_error for a flag that is not understood.
script_settings read_settings(const script& s);

}  // namespace millrace::packet_script
