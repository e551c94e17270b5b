#include "tcp/segment/segment.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace {

// The bytes of `o` as they would go over the wire.
buffer on_the_wire(const outgoing& o) {
    buffer b = buffer::allocate(o.header_bytes() + o.payload_bytes());
    char* to = b.mutable_data() + emit(o, 1000, 80, b.mutable_bytes());
    for (const auto& p : o.payload) to = std::copy_n(p.data(), p.size(), to);
    return b;
}

outgoing data_segment() {
    outgoing o;
    o.seq = seq(0xfffffffe);
    o.ack = seq(77);
    o.flags = flags::psh | flags::ack;
    o.wnd = 512;
    o.options.timestamps = timestamp_option{10, 20};
    o.payload.push_back(buffer::unowned("hello "));
    o.payload.push_back(buffer::unowned("world"));
    return o;
}

segment parsed(buffer b) {
    segment s;
    BOOST_TEST_REQUIRE((parse(std::move(b), s) == segment_fault::none));
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_room)

BOOST_AUTO_TEST_CASE(what_was_emitted_is_parsed) {
    const segment s = parsed(on_the_wire(data_segment()));
    BOOST_TEST(s.source_port == 1000);
    BOOST_TEST(s.destination_port == 80);
    BOOST_TEST((s.seq == seq(0xfffffffe)));
    BOOST_TEST((s.ack == seq(77)));
    BOOST_TEST((s.flags == (flags::psh | flags::ack)));
    BOOST_TEST(s.wnd == 512);
    BOOST_TEST((s.options.timestamps.value() == timestamp_option{10, 20}));
    BOOST_TEST(s.payload.view() == "hello world");
}

// RFC 7413 §4.1.1: "Options ... without SYN flag set MUST be ignored."
BOOST_AUTO_TEST_CASE(a_fast_open_cookie_is_of_a_syn) {
    for (const flags f : {flags(flags::syn), flags::syn | flags::ack, flags(flags::ack)}) {
        outgoing o;
        o.flags = f;
        o.options.fast_open.emplace();
        BOOST_TEST(parsed(on_the_wire(o)).options.fast_open.has_value() == f.has(flags::syn));
    }
}

BOOST_AUTO_TEST_CASE(the_checksum_is_left_zero) {
    const buffer b = on_the_wire(data_segment());
    BOOST_TEST(int(b.bytes()[checksum_offset]) == 0);
    BOOST_TEST(int(b.bytes()[checksum_offset + 1]) == 0);
}

// RFC 9293 §3.3.1: SEG.LEN counts SYN and FIN.
BOOST_AUTO_TEST_CASE(syn_and_fin_take_a_sequence_number_each) {
    outgoing o = data_segment();
    BOOST_TEST(o.length() == 11u);
    o.flags |= flags::fin;
    BOOST_TEST(o.length() == 12u);
    const segment s = parsed(on_the_wire(o));
    BOOST_TEST(s.length() == 12u);
    BOOST_TEST((s.end() == seq(10)));
    o.flags |= flags::syn;
    BOOST_TEST((o.end() == seq(11)));
}

BOOST_AUTO_TEST_CASE(the_payload_is_a_view_of_the_same_bytes) {
    buffer b = on_the_wire(data_segment());
    const char* begin = b.data();
    const segment s = parsed(std::move(b));
    BOOST_TEST(static_cast<const void*>(s.payload.data()) == static_cast<const void*>(begin + 32));
}

BOOST_AUTO_TEST_CASE(options_of_an_earlier_segment_do_not_stay) {
    segment s = parsed(on_the_wire(data_segment()));
    outgoing bare;
    bare.flags = flags::ack;
    BOOST_TEST((parse(on_the_wire(bare), s) == segment_fault::none));
    BOOST_TEST(!s.options.timestamps);
    BOOST_TEST(s.payload.empty());
}

BOOST_AUTO_TEST_CASE(bad_options_are_a_fault) {
    buffer b = on_the_wire(data_segment());
    b.mutable_data()[23] = 99;  // the length of the timestamps
    segment s;
    BOOST_TEST((parse(std::move(b), s) == segment_fault::bad_options));
}

// RFC 9768 §3.2.3.2.1: no SYN brings it.
BOOST_AUTO_TEST_CASE(counts_of_marks_on_a_syn_are_ignored) {
    for (const flags f : {flags(flags::syn), flags::syn | flags::ack, flags(flags::ack)}) {
        outgoing o;
        o.flags = f;
        o.options.mark_counts = first_mark_counts;
        segment s;
        BOOST_TEST((parse(on_the_wire(o), s) == segment_fault::none));
        BOOST_TEST(s.options.mark_counts.has_value() == f.has(flags::ack));
    }
}

BOOST_AUTO_TEST_CASE(a_truncated_header_is_a_fault) {
    for (size_t n = 0; n < 32; ++n) {
        buffer b = on_the_wire(data_segment());
        b.trim(n);
        segment s;
        BOOST_TEST((parse(std::move(b), s) == segment_fault::truncated));
    }
}

BOOST_AUTO_TEST_CASE(random_bytes_never_harm) {
    std::mt19937 random(2);
    for (int i = 0; i < 100'000; ++i) {
        std::string bytes(random() % 80, '\0');
        for (auto& c : bytes) c = char(random());
        if (bytes.size() > 12) bytes[12] = char(random() % 2 ? 0x80 : random());
        segment s;
        if (parse(buffer::copy_of(bytes), s) == segment_fault::none)
            BOOST_TEST_REQUIRE(s.payload.size() <= bytes.size() - header::size);
    }
}

BOOST_AUTO_TEST_SUITE_END()
