// Packet scripts: read, or refused with the line at fault (tests/packet_script/script.hh).
#include "tests/packet_script/script.hh"

#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"

#include <algorithm>

namespace millrace::fuzz {

void run_script(std::span<const uint8_t> bytes) {
    input in(bytes);
    const std::string_view text = in.rest();
    const auto lines = unsigned(1 + std::ranges::count(text, '\n'));
    try {
        const packet_script::script s = packet_script::read_script(text);
        for (const auto& e : s.events) {
            require(e.line >= 1 && e.line <= lines, "an event on no line");
            if (const auto* p = std::get_if<packet_script::packet_event>(&e.what))
                if (const auto* t = std::get_if<packet_script::tcp_packet>(&p->packet)) (void)to_string(*t);
        }
    } catch (const packet_script::script_error& e) {
        require(e.line() <= lines, "an error on no line");
    }
}

}  // namespace millrace::fuzz
