// A packet conversation: one connection of ours in virtual time, and a test that plays its peer and its
// application.
#pragma once

#include "core/time.hh"
#include "tcp/connection/connection.hh"
#include "tcp/settings.hh"
#include "tests/support/tcp/script.hh"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tcp::script {

struct conversation_options {
    tcp::settings settings;
    uint16_t path_mss = 1460;
    uint32_t iss = 0xfffffff0;  // so that our numbers wrap in nearly every test
    uint32_t irs = 0xffffffc0;  // and the peer's
    uint16_t peer_wnd = 60000;  // what the peer's segments say unless told otherwise
    uint32_t challenges_per_second = 1000;
    uint64_t memory = net::memory_budget::default_limit;  // of the shard
};

// Every segment goes through emit() and parse() on its way. What the connection sends must be expected, in
// its order, at its time and before anything else happens; a surprise ends the test and prints the
// conversation.
class conversation {
 public:
    explicit conversation(conversation_options o = {});
    ~conversation();

    // Opening. Active: our SYN goes out.
    void app_connects();
    // Passive: a listener has answered `syn` and the connection waits for the ACK, as the next segment, or
    // one that is not acceptable.
    void peer_connects(const scripted& syn);
    // A handshake in full, with options that both sides have.
    void establish(std::source_location from = std::source_location::current());
    // The same with what the peer's SYN-ACK says.
    void establish(const scripted& answer, std::source_location from = std::source_location::current());

    // The peer. Unless said: seq is next in order, ack is all seen so far, timestamps run if they were agreed
    // on.
    conversation& peer_sends(scripted s);
    // Several that arrive in one burst: nothing is sent in between.
    void peer_sends_together(std::initializer_list<scripted> burst);
    // The next thing that the connection sends, now. Unless said: seq is next in order, ack is all sent so
    // far.
    void expects(scripted s, std::source_location from = std::source_location::current());
    void expects_nothing(std::source_location from = std::source_location::current());
    // For what does not matter to the test: looks at, or drops, what the connection has sent and was not
    // expected.
    bool has_sent() const { return !outbox_.empty(); }
    segment take_sent();
    void forget_sent();
    // As many segments of `bytes` of data each, in order.
    void expects_data(int count, size_t bytes, std::source_location from = std::source_location::current());
    // Why the last segment was refused, or none.
    void refused(drop_reason why, std::source_location from = std::source_location::current());

    // Time since the conversation began; moves on, and timers strike on the way.
    conversation& at(duration t, std::source_location from = std::source_location::current());
    conversation& after(duration d, std::source_location from = std::source_location::current());
    time_point now() const { return now_; }

    // The application.
    size_t app_sends(std::string_view text);
    size_t app_sends(size_t bytes) { return app_sends(std::string(bytes, 'x')); }
    // Everything readable.
    std::string app_reads();
    void app_shuts_down();
    void app_closes();
    void app_aborts();
    void app_sees_path_error(path_error::kind kind, uint32_t quoted_seq, uint16_t path_mss = 0);

    // Fails unless exactly these have happened since the last look.
    void happened(events e, std::source_location from = std::source_location::current());
    void forget_events() { events_ = {}; }
    void in_state(connection_state s, std::source_location from = std::source_location::current());

    connection& us() { return *us_; }
    // The shard's. Nobody keeps the account of this connection in it: the test does.
    net::memory_budget& memory() { return memory_; }
    connection_info info() const { return us_->info(); }
    tcp::settings& settings() { return options_.settings; }
    void set_peer_window(uint16_t w) { options_.peer_wnd = w; }
    // From now on the ACE field (RFC 9768 §3.2.2) of segments that do not say theirs, but of SYN and RST.
    void peer_counts(uint8_t ace) { peer_ace_ = ace; }
    void we_count(uint8_t ace) { our_ace_ = ace; }

 private:
    struct transmission {
        segment what;
        time_point when;
        bool ect;
    };

    outgoing scripted_by_peer(const scripted& s);
    void deliver(const scripted& s);
    bool send_next();
    void pump();
    void run_until(time_point t);
    void note(bool ours, const segment& s, time_point when);
    void fail(const std::string& what, std::source_location from) const;
    void require_quiet(std::source_location from) const;
    segment wanted(const scripted& s) const;
    std::string differences(const scripted& s, const segment& want, const segment& got) const;
    std::string describe(bool ours, const segment& s, time_point when) const;
    seq peer_number(uint32_t n) const { return seq(options_.irs) + n; }
    seq our_number(uint32_t n) const { return seq(options_.iss) + n; }
    uint32_t ours_clock() const;

    conversation_options options_;
    net::memory_budget memory_;
    shard_limits limits_;
    std::unique_ptr<connection> us_;
    time_point began_{std::chrono::seconds(1)};
    time_point now_ = began_;
    std::deque<transmission> outbox_;
    std::vector<std::string> transcript_;
    events events_;
    drop_reason last_refusal_ = drop_reason::none;
    seq peer_nxt_;          // behind everything that the peer has sent in order of number
    seq our_nxt_;           // behind everything that was expected of us
    uint32_t last_ts_ = 0;  // the last TSval seen of ours
    bool peer_ts_ = false;  // the peer's SYN had timestamps
    bool our_ts_ = false;   // ours had
    std::optional<uint8_t> peer_ace_, our_ace_;
    bool failed_ = false;
};

}  // namespace millrace::tcp::script
