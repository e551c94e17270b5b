#include "net/ipv4/header.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::net;
using namespace millrace::net::wire_test;

namespace {

struct outcome {
    bool accepted;
    ipv4_header header;
    drop_reason why{};
};

outcome parse(const std::string& bytes, checksum_verdict verdict = checksum_verdict::unknown) {
    outcome o;
    std::span<const uint8_t> in(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    o.accepted = o.header.parse(in, bytes.size(), verdict, o.why);
    return o;
}

std::string replaced(std::string s, size_t at, std::string with) {
    return s.replace(at, with.size(), with);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(all_fields_are_parsed) {
    auto o = parse(
        ip({.protocol = 17, .id = 0xabcd, .ttl = 3, .tos = 0xb9, .offset = 1480, .more_fragments = true},
           "payload"));
    BOOST_TEST_REQUIRE(o.accepted);
    BOOST_TEST((o.header.source == peer_ip));
    BOOST_TEST((o.header.destination == our_ip));
    BOOST_TEST(o.header.total_bytes == 27);
    BOOST_TEST(o.header.id == 0xabcd);
    BOOST_TEST(o.header.fragment_offset == 1480);
    BOOST_TEST(o.header.more_fragments);
    BOOST_TEST(!o.header.dont_fragment);
    BOOST_TEST(o.header.ttl == 3);
    BOOST_TEST(o.header.protocol == 17);
    BOOST_TEST((o.header.congestion == ecn::ect1));
}

BOOST_AUTO_TEST_CASE(a_header_is_emitted_as_it_is_parsed) {
    std::string bytes = ip({.protocol = 17,
                            .id = 7,
                            .ttl = 9,
                            .tos = 3,
                            .offset = 8,
                            .more_fragments = true,
                            .dont_fragment = true},
                           "");
    auto o = parse(bytes);
    std::string out(20, '\xff');
    o.header.emit(reinterpret_cast<uint8_t*>(out.data()));
    BOOST_TEST(out == bytes);
}

BOOST_AUTO_TEST_CASE(impossible_headers_are_refused_by_reason) {
    std::string good = ip({}, "payload");
    const std::pair<std::string, drop_reason> cases[] = {
        {"", drop_reason::ip_truncated},
        {good.substr(0, 19), drop_reason::ip_truncated},
        {replaced(good, 0, "\x65"), drop_reason::ip_bad_version},
        {replaced(good, 0, "\x44"), drop_reason::ip_bad_header_length},
        {replaced(good, 0, "\x4f"), drop_reason::ip_bad_header_length},
        {replaced(good, 2, u16(19)), drop_reason::ip_bad_length},
        {replaced(good, 2, u16(28)), drop_reason::ip_bad_length},
        {replaced(good, 8, "\x01"), drop_reason::ip_bad_checksum},
    };
    for (const auto& [bytes, why] : cases) {
        auto o = parse(bytes);
        BOOST_TEST(!o.accepted);
        BOOST_TEST(name_of(o.why) == name_of(why));
    }
    BOOST_TEST(parse(replaced(good, 8, "\x01"), checksum_verdict::good).accepted);
    BOOST_TEST(!parse(good, checksum_verdict::bad).accepted);
}

// RFC 1122 §3.2.1.8: options that mean nothing to us are skipped.
BOOST_AUTO_TEST_CASE(options_are_checked_and_skipped) {
    const std::string good[] = {
        std::string("\x01\x01\x01\x00", 4),                            // no operation, end
        std::string("\x94\x04\x00\x00", 4),                            // router alert
        std::string("\x07\x07\x04\x00\x00\x00\x00\x00", 8),            // record route
        std::string("\x00\xff\xff\xff", 4),                            // nothing counts behind the end
        std::string(36, '\x01') + std::string("\x94\x04\x00\x00", 4),  // as many as there may be
    };
    for (const auto& options : good) {
        auto o = parse(ip({.options = options}, "x"));
        BOOST_TEST(o.accepted);
        BOOST_TEST(o.header.header_bytes == 20 + options.size());
    }
    const std::string bad[] = {
        std::string("\x94\x00\x00\x00", 4),  // would never end
        std::string("\x94\x01\x00\x00", 4),
        std::string("\x94\x05\x00\x00", 4),                  // beyond the header
        std::string("\x01\x01\x01\x94", 4),                  // no length
        std::string("\x83\x07\x04\x0a\x00\x00\x02\x00", 8),  // loose source route
        std::string("\x89\x03\x04\x00", 4),                  // strict source route
    };
    for (const auto& options : bad) {
        auto o = parse(ip({.options = options}, "x"));
        BOOST_TEST(!o.accepted);
        BOOST_TEST(name_of(o.why) == "ip_bad_options");
    }
}

BOOST_AUTO_TEST_SUITE_END()
