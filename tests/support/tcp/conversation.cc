#include "tests/support/tcp/conversation.hh"

#include "tcp/segment/segment.hh"
#include "tests/support/tcp/short_way.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace::tcp::script {
namespace {

using namespace std::chrono_literals;

constexpr uint16_t our_port = 1000;
constexpr uint16_t peer_port = 2000;
constexpr uint32_t peer_clock_start = 100'000;

std::string datagram_of(const outgoing& o, uint16_t from, uint16_t to) {
    std::string bytes(o.header_bytes() + o.payload_bytes(), '\0');
    const size_t header = emit(o, from, to, reinterpret_cast<uint8_t*>(bytes.data()));
    BOOST_TEST_REQUIRE(header == o.header_bytes());
    char* at = bytes.data() + header;
    for (const auto& piece : o.payload) at = std::copy_n(piece.data(), piece.size(), at);
    return bytes;
}

segment parsed(const std::string& datagram) {
    segment s;
    BOOST_TEST_REQUIRE((parse(buffer::copy_of(datagram), s) == segment_fault::none));
    return s;
}

// `f`, with the ACE field that is usual now if it could have one and does not say its own.
flags counting(flags f, bool says_ace, std::optional<uint8_t> usual) {
    const bool has_none = says_ace || !usual || f.has_any(flags::syn | flags::rst);
    return has_none ? f : f | flags::of_ace(*usual);
}

void replace_options(std::string& datagram, const std::vector<uint8_t>& bytes) {
    std::string text(bytes.begin(), bytes.end());
    text.resize((text.size() + 3) / 4 * 4);
    BOOST_TEST_REQUIRE(text.size() <= options::max_bytes);
    const size_t header_bytes = size_t(uint8_t(datagram[12]) >> 4) * 4;
    datagram.replace(header::size, header_bytes - header::size, text);
    datagram[12] = char((header::size + text.size()) / 4 << 4 | (uint8_t(datagram[12]) & 0xf));
}

double seconds(duration d) {
    return std::chrono::duration<double>(d).count();
}

}  // namespace

conversation::conversation(conversation_options o)
    : options_(std::move(o)),
      memory_(options_.memory),
      limits_{rate_limit(options_.challenges_per_second), memory_},
      peer_nxt_(peer_number(0)),
      our_nxt_(our_number(0)) {}

conversation::~conversation() {
    if (failed_ || outbox_.empty() || std::uncaught_exceptions() > 0) return;
    BOOST_ERROR("at the end of the test: unexpected " +
                describe(true, outbox_.front().what, outbox_.front().when));
}

void conversation::app_connects() {
    const opening o{.iss = our_number(0), .timestamp_offset = 0u - 1000u, .path_mss = options_.path_mss};
    us_ = std::make_unique<connection>(options_.settings, limits_, o, now_);
    our_ts_ = options_.settings.timestamps;
    pump();
}

void conversation::peer_connects(const scripted& syn) {
    const auto& mine = options_.settings;
    const auto& offered = syn.options_;
    passive_opening p;
    p.irs = peer_number(0);
    p.wnd = uint16_t(std::min<uint32_t>(mine.receive_buffer, 65535));
    p.window_scale = mine.window_scaling ? receive_window::scale_for(mine.receive_buffer) : 0;
    p.peer_mss = offered.mss.value_or(mine.default_peer_mss);
    p.peer_wnd = syn.wnd_.value_or(options_.peer_wnd);
    if (mine.window_scaling) p.peer_window_scale = offered.window_scale;
    p.timestamps = mine.timestamps && offered.timestamps;
    p.sack = mine.sack && offered.sack_permitted;
    if (mine.ecn != ecn_mode::off) p.ecn = asked_by(syn.flags_);
    p.ts_recent = offered.timestamps ? offered.timestamps->value : 0;
    p.first_sent = now_;
    peer_ts_ = offered.timestamps.has_value();
    our_ts_ = p.timestamps;
    last_ts_ = ours_clock();
    peer_nxt_ = peer_number(1);
    our_nxt_ = our_number(1);
    const opening o{.iss = our_number(0), .timestamp_offset = 0u - 1000u, .path_mss = options_.path_mss};
    us_ = std::make_unique<connection>(mine, limits_, o, p, now_);
    pump();
}

void conversation::establish(std::source_location from) {
    establish(syn_ack().mss(1460).wscale(7).sack_ok().ts(peer_clock_start, 0), from);
}

void conversation::establish(const scripted& answer, std::source_location from) {
    app_connects();
    expects(syn(), from);
    peer_sends(answer);
    expects(tcp::script::ack(1), from);
    in_state(connection_state::established, from);
    happened(events::connected, from);
}

conversation& conversation::peer_sends(scripted s) {
    deliver(s);
    pump();
    return *this;
}

void conversation::peer_sends_together(std::initializer_list<scripted> burst) {
    for (const scripted& s : burst) deliver(s);
    pump();
}

outgoing conversation::scripted_by_peer(const scripted& s) {
    outgoing o;
    o.flags = counting(s.flags_, s.says_ace_, peer_ace_);
    o.seq = s.seq_ ? peer_number(*s.seq_) : peer_nxt_;
    if (s.flags_.has(flags::ack)) o.ack = s.ack_ ? our_number(*s.ack_) : our_nxt_;
    o.wnd = s.wnd_.value_or(options_.peer_wnd);
    o.options = s.options_;
    if (s.flags_.has(flags::syn)) peer_ts_ = s.options_.timestamps.has_value();
    if (o.options.timestamps && s.flags_.has(flags::ack) && o.options.timestamps->echo == 0)
        o.options.timestamps->echo = last_ts_;
    if (!o.options.timestamps && peer_ts_ && our_ts_ && !s.without_ts_)
        o.options.timestamps = timestamp_option{peer_clock_start + ours_clock(), last_ts_};
    for (auto [left, right] : s.sack_) o.options.sack.push_back({our_number(left), our_number(right)});
    if (!s.payload_.empty()) o.payload.push_back(buffer::copy_of(s.payload_));
    if (o.end() > peer_nxt_) peer_nxt_ = o.end();
    return o;
}

void conversation::deliver(const scripted& from) {
    std::string datagram = datagram_of(scripted_by_peer(from), peer_port, our_port);
    if (!from.raw_options_.empty()) replace_options(datagram, from.raw_options_);
    last_refusal_ = drop_reason::none;
    segment s;
    if (parse(buffer::copy_of(datagram), s) != segment_fault::none) {
        // No connection hears of what cannot be read.
        BOOST_TEST_REQUIRE(!from.raw_options_.empty());
        return;
    }
    s.congestion = from.mark_;
    note(false, s, now_);
    if (!arrive_plainly(*us_, datagram, now_, from.mark_))
        last_refusal_ = us_->on_segment(std::move(s), now_);
}

void conversation::pump() {
    // A bound for a connection that never says no.
    for (int i = 0; i < 100'000; ++i) {
        if (send_next()) continue;
        events_ |= us_->take_events();
        return;
    }
    fail("next_segment() does not come to an end", std::source_location::current());
}

bool conversation::send_next() {
    if (!us_->may_send(now_)) return false;
    bool ect = false;
    auto datagram = next_plainly(*us_, our_port, peer_port, now_, &ect);
    if (outgoing o; !datagram) {
        if (!us_->next_segment(o, now_)) return false;
        ect = o.ect;
        datagram = datagram_of(o, our_port, peer_port);
    }
    segment s = parsed(*datagram);
    note(true, s, now_);
    if (s.options.timestamps) last_ts_ = s.options.timestamps->value;
    outbox_.push_back({std::move(s), now_, ect});
    return true;
}

segment conversation::wanted(const scripted& s) const {
    segment w;
    w.flags = counting(s.flags_, s.says_ace_, our_ace_);
    w.seq = s.seq_ ? our_number(*s.seq_) : our_nxt_;
    if (s.flags_.has(flags::ack)) w.ack = s.ack_ ? peer_number(*s.ack_) : peer_nxt_;
    w.wnd = s.wnd_.value_or(0);
    w.options = s.options_;
    for (auto [left, right] : s.sack_) w.options.sack.push_back({peer_number(left), peer_number(right)});
    w.payload = buffer::copy_of(s.payload_);
    return w;
}

std::string conversation::differences(const scripted& s, const segment& want, const segment& got) const {
    std::string d;
    auto differs = [&](bool different, const char* what) {
        if (different) d += d.empty() ? what : std::string(", ") + what;
    };
    const flags mask = s.push_ ? flags() : flags(flags::psh);
    differs(want.flags.without(mask) != got.flags.without(mask), "flags");
    differs(s.push_ && *s.push_ != got.flags.has(flags::psh), "PSH");
    differs(want.seq != got.seq, "seq");
    differs(want.flags.has(flags::ack) && want.ack != got.ack, "ack");
    differs(s.wnd_ && want.wnd != got.wnd, "win");
    differs(want.payload.view() != got.payload.view(), "payload");
    differs(want.options.mss && want.options.mss != got.options.mss, "mss");
    differs(want.options.window_scale && want.options.window_scale != got.options.window_scale, "wscale");
    differs(want.options.sack_permitted && !got.options.sack_permitted, "sackOK");
    differs(want.options.timestamps && want.options.timestamps != got.options.timestamps, "TS");
    differs(s.without_ts_ && got.options.timestamps, "TS");
    differs(want.options.mark_counts && want.options.mark_counts != got.options.mark_counts, "counts");
    differs(s.without_counts_ && got.options.mark_counts, "counts");
    differs(!std::equal(want.options.sack.begin(), want.options.sack.end(), got.options.sack.begin(),
                        got.options.sack.end()),
            "sack");
    return d;
}

void conversation::expects(scripted s, std::source_location from) {
    const segment want = wanted(s);
    if (outbox_.empty()) {
        fail("expected: " + describe(true, want, now_) + "\n     got: nothing", from);
        return;
    }
    const transmission got = std::move(outbox_.front());
    outbox_.pop_front();
    std::string d = differences(s, want, got.what);
    if (s.ect_ && *s.ect_ != got.ect) d += d.empty() ? "ECT" : ", ECT";
    if (got.when != now_) d += d.empty() ? "time" : ", time";
    if (!d.empty())
        fail("expected: " + describe(true, want, now_) + "\n     got: " + describe(true, got.what, got.when) +
                 "\n differs: " + d,
             from);
    our_nxt_ = later(our_nxt_, got.what.end());
}

void conversation::expects_nothing(std::source_location from) {
    require_quiet(from);
}

segment conversation::take_sent() {
    BOOST_TEST_REQUIRE(!outbox_.empty());
    segment s = std::move(outbox_.front().what);
    outbox_.pop_front();
    our_nxt_ = later(our_nxt_, s.end());
    return s;
}

void conversation::forget_sent() {
    while (has_sent()) take_sent();
}

void conversation::expects_data(int count, size_t bytes, std::source_location from) {
    for (int i = 0; i < count; ++i) expects(data(bytes), from);
}

void conversation::refused(drop_reason why, std::source_location from) {
    if (why != last_refusal_)
        fail(fmt::format("expected refusal: {}\n     got: {}", to_string(why), to_string(last_refusal_)),
             from);
}

void conversation::require_quiet(std::source_location from) const {
    if (!outbox_.empty())
        fail("unexpected: " + describe(true, outbox_.front().what, outbox_.front().when), from);
}

conversation& conversation::at(duration t, std::source_location from) {
    require_quiet(from);
    run_until(began_ + t);
    return *this;
}

conversation& conversation::after(duration d, std::source_location from) {
    return at(now_ - began_ + d, from);
}

void conversation::run_until(time_point t) {
    for (int i = 0; us_ && us_->next_timeout() <= t && i < 100'000; ++i) {
        now_ = std::max(now_, us_->next_timeout());
        us_->on_timeout(now_);
        pump();
    }
    now_ = std::max(now_, t);
}

size_t conversation::app_sends(std::string_view text) {
    const size_t n = us_->send(text);
    pump();
    return n;
}

std::string conversation::app_reads() {
    std::string all;
    while (buffer b = us_->receive()) all += b.view();
    pump();
    return all;
}

void conversation::app_shuts_down() {
    us_->shutdown_write();
    pump();
}

void conversation::app_closes() {
    us_->close(now_);
    pump();
}

void conversation::app_aborts() {
    us_->abort();
    pump();
}

void conversation::app_sees_path_error(path_error::kind kind, uint32_t quoted_seq, uint16_t path_mss) {
    us_->on_path_error({.what = kind, .quoted = our_number(quoted_seq), .path_mss = path_mss});
    pump();
}

void conversation::happened(events e, std::source_location from) {
    const events got = std::exchange(events_, {});
    if (got == e) return;
    auto text = [](events x) {
        static constexpr std::pair<events::bit, const char*> names[] = {
            {events::connected, "connected"}, {events::readable, "readable"},
            {events::writable, "writable"},   {events::peer_finished, "peer_finished"},
            {events::finished, "finished"},   {events::closed, "closed"},
            {events::failed, "failed"}};
        std::string s;
        for (auto [bit, name] : names)
            if (x.has(bit)) s += s.empty() ? name : std::string("|") + name;
        return s.empty() ? "nothing" : s;
    };
    fail("expected events: " + text(e) + "\n            got: " + text(got), from);
}

void conversation::in_state(connection_state s, std::source_location from) {
    if (us_->state() != s)
        fail(fmt::format("expected state: {}\n           got: {}", to_string(s), to_string(us_->state())),
             from);
}

uint32_t conversation::ours_clock() const {
    return uint32_t(std::chrono::duration_cast<std::chrono::milliseconds>(now_ - began_).count());
}

std::string conversation::describe(bool ours, const segment& s, time_point when) const {
    const uint32_t mine = ours ? options_.iss : options_.irs;
    const uint32_t other = ours ? options_.irs : options_.iss;
    const uint32_t at = s.seq.value() - mine;
    std::string text = fmt::format("{:.6f} {} Flags [{}], seq {}", seconds(when - began_), ours ? '>' : '<',
                                   s.flags.to_string(), at);
    if (s.length() > 0) text += fmt::format(":{}", at + s.length());
    if (s.flags.has(flags::ack)) text += fmt::format(", ack {}", s.ack.value() - other);
    text += fmt::format(", win {}", s.wnd);
    std::string o;
    auto add = [&](std::string one) { o += (o.empty() ? "" : ",") + one; };
    if (s.options.mss) add(fmt::format("mss {}", *s.options.mss));
    if (s.options.sack_permitted) add("sackOK");
    if (s.options.timestamps)
        add(fmt::format("TS val {} ecr {}", s.options.timestamps->value, s.options.timestamps->echo));
    if (s.options.window_scale) add(fmt::format("wscale {}", *s.options.window_scale));
    if (const auto& c = s.options.mark_counts)
        add(fmt::format("{} of {} {} {}{}", c->fields, c->ect0, c->ce, c->ect1, c->ect1_first ? " E1" : ""));
    for (const auto& b : s.options.sack)
        add(fmt::format("sack {}:{}", b.left.value() - other, b.right.value() - other));
    if (!o.empty()) text += ", options [" + o + "]";
    return text + fmt::format(", length {}", s.payload.size());
}

void conversation::note(bool ours, const segment& s, time_point when) {
    constexpr size_t remembered = 40;
    transcript_.push_back(describe(ours, s, when));
    if (transcript_.size() > remembered) transcript_.erase(transcript_.begin());
}

void conversation::fail(const std::string& what, std::source_location from) const {
    const_cast<conversation*>(this)->failed_ = true;
    std::string text =
        fmt::format("{}:{}\n{}\nthe conversation so far:", from.file_name(), from.line(), what);
    for (const auto& line : transcript_) text += "\n  " + line;
    BOOST_FAIL(text);
}

}  // namespace millrace::tcp::script
