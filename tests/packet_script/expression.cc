#include "tests/packet_script/expression.hh"

#include "tests/packet_script/scanner.hh"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace millrace::packet_script {
namespace {

// Python's grammar as far as assertions on numbers go. Everything is a number; a comparison gives 0 or 1.
class evaluator {
 public:
    evaluator(scanner& in, const name_lookup& names) : in_(in), names_(names) {}

    int64_t disjunction() {
        int64_t v = conjunction();
        while (in_.takes_word("or")) {
            const int64_t other = conjunction();
            v = v != 0 || other != 0;
        }
        return v;
    }

 private:
    int64_t conjunction() {
        int64_t v = negation();
        while (in_.takes_word("and")) {
            const int64_t other = negation();
            v = v != 0 && other != 0;
        }
        return v;
    }

    int64_t negation() {
        if (!in_.takes_word("not")) return comparison();
        return negation() == 0;
    }

    // Chains as Python's: 1 < a < 3.
    int64_t comparison() {
        int64_t left = sum();
        bool holds = true, compared = false;
        for (;;) {
            const auto compare = [&](auto op) {
                const int64_t right = sum();
                holds = holds && op(left, right);
                left = right;
                compared = true;
            };
            if (in_.takes("=="))
                compare(std::equal_to());
            else if (in_.takes("!="))
                compare(std::not_equal_to());
            else if (in_.takes("<="))
                compare(std::less_equal());
            else if (in_.takes(">="))
                compare(std::greater_equal());
            else if (in_.takes("<"))
                compare(std::less());
            else if (in_.takes(">"))
                compare(std::greater());
            else
                return compared ? int64_t(holds) : left;
        }
    }

    int64_t sum() {
        int64_t v = product();
        for (;;) {
            if (in_.takes("+"))
                v += product();
            else if (in_.takes("-"))
                v -= product();
            else
                return v;
        }
    }

    int64_t product() {
        int64_t v = operand();
        for (;;) {
            if (in_.takes("*"))
                v *= operand();
            else if (in_.takes("//") || in_.takes("/"))
                v = divided(v, operand());
            else if (in_.takes("%"))
                v -= divided(v, operand());
            else
                return v;
        }
    }

    int64_t divided(int64_t a, int64_t b) {
        if (b == 0) in_.fail("division by zero");
        return a / b;
    }

    int64_t operand() {
        if (++depth_ > 64) in_.fail("an expression is nested too deeply");
        int64_t v = 0;
        if (in_.takes("(")) {
            v = disjunction();
            in_.expect(")");
        } else if (in_.sees_number()) {
            v = in_.number();
        } else {
            const std::string name = in_.word();
            if (name.empty()) in_.fail(fmt::format("a number or a name is missing before '{}'", in_.next()));
            const auto known = names_(name);
            if (!known) in_.lacks("the name " + name);
            v = *known;
        }
        --depth_;
        return v;
    }

    scanner& in_;
    const name_lookup& names_;
    unsigned depth_ = 0;
};

std::string trimmed(std::string_view s) {
    const size_t first = s.find_first_not_of(" \t\r\n;");
    if (first == std::string_view::npos) return {};
    return std::string(s.substr(first, s.find_last_not_of(" \t\r\n;") + 1 - first));
}

std::vector<std::string> statements(std::string_view code) {
    std::vector<std::string> all;
    while (!code.empty()) {
        const size_t end = std::min(code.find_first_of("\n;"), code.size());
        if (std::string s = trimmed(code.substr(0, end)); !s.empty() && s[0] != '#')
            all.push_back(std::move(s));
        code.remove_prefix(std::min(end + 1, code.size()));
    }
    return all;
}

constexpr int64_t unlimited = 0x7fffffff;  // as Linux shows an ssthresh that there is not

int64_t linux_state(tcp::connection_state s) {
    switch (s) {
        case tcp::connection_state::established:
            return 1;
        case tcp::connection_state::syn_sent:
            return 2;
        case tcp::connection_state::syn_received:
            return 3;
        case tcp::connection_state::fin_wait_1:
            return 4;
        case tcp::connection_state::fin_wait_2:
            return 5;
        case tcp::connection_state::time_wait:
            return 6;
        case tcp::connection_state::closed:
            return 7;
        case tcp::connection_state::close_wait:
            return 8;
        case tcp::connection_state::last_ack:
            return 9;
        case tcp::connection_state::listen:
            return 10;
        case tcp::connection_state::closing:
            return 11;
    }
    return 0;
}

int64_t microseconds(duration d) {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace

std::optional<std::string> first_failure(std::string_view code, unsigned line, const name_lookup& names) {
    for (const std::string& statement : statements(code)) {
        scanner in(statement);
        try {
            if (!in.takes_word("assert")) in.lacks("code that is no assertion: " + statement);
            const bool holds = evaluator(in, names).disjunction() != 0;
            if (!in.at_end() && !in.takes(",")) in.lacks("code behind an assertion: " + in.rest_of_line());
            if (!holds) return statement;
        } catch (const script_error& e) {
            throw script_error(e.what_kind(), line, e.what());
        }
    }
    return std::nullopt;
}

std::optional<int64_t> tcp_info_value(const tcp::connection_info& i, std::string_view name) {
    const auto segments = [&](uint64_t bytes) {
        return int64_t((bytes + i.smss - 1) / std::max(i.smss, 1u));
    };
    const std::pair<std::string_view, int64_t> values[] = {
        {"tcpi_state", linux_state(i.state)},
        {"tcpi_snd_cwnd", int64_t(i.cwnd / std::max(i.smss, 1u))},
        {"tcpi_snd_ssthresh",
         i.ssthresh >= unlimited ? unlimited : int64_t(i.ssthresh / std::max(i.smss, 1u))},
        {"tcpi_snd_mss", i.smss},
        {"tcpi_unacked", segments(i.in_flight)},
        {"tcpi_notsent_bytes", i.unsent},
        {"tcpi_total_retrans", i.retransmissions},
        {"tcpi_bytes_received", int64_t(i.bytes_received)},
        {"tcpi_rtt", microseconds(i.srtt)},
        {"tcpi_rttvar", microseconds(i.rttvar)},
        {"tcpi_min_rtt", microseconds(i.min_rtt)},
        {"tcpi_rto", microseconds(i.rto)},
        {"tcpi_snd_wnd", i.snd_wnd},
        {"tcpi_options", (i.timestamps ? 1 : 0) | (i.sack ? 2 : 0) | (i.window_scaling ? 4 : 0)},
        {"tcpi_snd_wscale", i.snd_scale},
        {"tcpi_rcv_wscale", i.rcv_scale},
        {"tcpi_ca_state", i.in_fast_recovery ? 3 : 0},
        {"TCP_INFINITE_SSTHRESH", unlimited},
        {"TCP_CA_Open", 0},
        {"TCP_CA_Recovery", 3},
        {"TCPI_OPT_TIMESTAMPS", 1},
        {"TCPI_OPT_SACK", 2},
        {"TCPI_OPT_WSCALE", 4},
        {"TCP_ESTABLISHED", 1},
        {"TCP_FIN_WAIT1", 4},
        {"TCP_FIN_WAIT2", 5},
        {"TCP_CLOSE_WAIT", 8},
        {"TCP_LAST_ACK", 9},
        {"TCP_CLOSING", 11},
    };
    for (const auto& [known, value] : values)
        if (known == name) return value;
    return std::nullopt;
}

}  // namespace millrace::packet_script
