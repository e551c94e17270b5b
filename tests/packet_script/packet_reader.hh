// The packets of a script: < S 0:0(0) win 1000 <mss 1460,sackOK>.
#pragma once

#include "tests/packet_script/scanner.hh"

namespace millrace::packet_script {

// Behind '<' or '>', which was taken.
packet_event read_packet(scanner& in, direction way);

}  // namespace millrace::packet_script
