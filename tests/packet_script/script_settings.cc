#include "tests/packet_script/script_settings.hh"

#include <charconv>

namespace millrace::packet_script {
namespace {

[[noreturn]] void refuse(script_error::kind k, const std::string& what) {
    throw script_error(k, 1, what);
}

int64_t number_of(const std::string& flag, const std::string& text) {
    int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n < 0 || n > (int64_t(1) << 31))
        refuse(script_error::kind::malformed, "--" + flag + " takes a number, not '" + text + "'");
    return n;
}

bool set_number(script_settings& s, const std::string& flag, int64_t n) {
    tcp::settings& t = s.stack.tcp;
    const auto milliseconds = std::chrono::milliseconds(n);
    if (flag == "tolerance_usecs")
        s.tolerance = std::chrono::microseconds(n);
    else if (flag == "timestamp_tolerance")
        s.ticks = uint32_t(n);
    else if (flag == "bind_port" || flag == "local_port")
        s.local_port = uint16_t(n);
    else if (flag == "connect_port" || flag == "remote_port")
        s.peer_port = uint16_t(n);
    else if (flag == "mss")
        s.interface.mtu = uint16_t(n + 40);
    else if (flag == "mtu")
        s.interface.mtu = uint16_t(n);
    else if (flag == "timestamps")
        t.timestamps = n != 0;
    else if (flag == "ecn")
        t.ecn = n == 0   ? tcp::ecn_mode::off
                : n == 1 ? tcp::ecn_mode::on
                : n == 2 ? tcp::ecn_mode::passive
                         : tcp::ecn_mode::accurate;
    else if (flag == "sack")
        t.sack = n != 0;
    else if (flag == "window_scaling")
        t.window_scaling = n != 0;
    else if (flag == "receive_buffer")
        t.receive_buffer = uint32_t(n);
    else if (flag == "send_buffer")
        t.send_buffer = uint32_t(n);
    else if (flag == "initial_window")
        t.initial_window_segments = uint16_t(n);
    else if (flag == "quick_acks")
        t.quick_ack_segments = uint8_t(n);
    else if (flag == "ack_delay_msecs")
        t.ack_delay = milliseconds;
    else if (flag == "rto_min_msecs")
        t.rto_min = milliseconds;
    else if (flag == "syn_retries")
        t.syn_retries = uint8_t(n);
    else if (flag == "data_retries")
        t.data_retries = uint8_t(n);
    else if (flag == "keepalive_idle_msecs")
        t.keepalive = true, t.keepalive_idle = milliseconds;
    else if (flag == "keepalive_interval_msecs")
        t.keepalive_interval = milliseconds;
    else if (flag == "keepalive_probes")
        t.keepalive_probes = uint8_t(n);
    else if (flag == "user_timeout_msecs")
        t.user_timeout = milliseconds;
    else if (flag == "time_wait_msecs")
        t.time_wait = milliseconds;
    else if (flag == "fin_wait_2_msecs")
        t.fin_wait_2_timeout = milliseconds;
    else
        return false;
    return true;
}

}  // namespace

script_settings read_settings(const script& from) {
    script_settings s;
    for (const auto& [flag, value] : from.flags) {
        if (flag == "ip_version" || flag == "ip") {
            if (value != "ipv4" && value != "4")
                refuse(script_error::kind::unsupported, "IP version " + value);
        } else if (flag.ends_with("_ip") || value.empty()) {
            refuse(script_error::kind::unsupported, "the flag --" + flag);
        } else if (!set_number(s, flag, number_of(flag, value))) {
            refuse(script_error::kind::unsupported, "the flag --" + flag);
        }
    }
    return s;
}

}  // namespace millrace::packet_script
