#include "tcp/segment/plain.hh"

#include "tcp/segment/segment.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace {

std::string bytes_of(const outgoing& o) {
    std::string bytes(o.header_bytes(), '\0');
    emit(o, 1234, 80, reinterpret_cast<uint8_t*>(bytes.data()));
    return bytes;
}

plain_segment view(const std::string& bytes) {
    return plain_segment({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

outgoing ack_with_timestamps() {
    outgoing o;
    o.seq = seq(0x01020304);
    o.ack = seq(0xfffefdfc);
    o.flags = flags::ack;
    o.wnd = 0x8001;
    o.options.timestamps = timestamp_option{0xdeadbeef, 7};
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plain)

BOOST_AUTO_TEST_CASE(is_written_as_the_general_way_writes_it) {
    for (const bool push : {false, true})
        for (const bool stamped : {false, true}) {
            outgoing o = ack_with_timestamps();
            if (push) o.flags |= flags::psh;
            if (!stamped) o.options.timestamps.reset();
            const plain_outgoing p{.seq = o.seq,
                                   .ack = o.ack,
                                   .wnd = o.wnd,
                                   .layout = plain_layout(stamped),
                                   .push = push,
                                   .timestamps = {0xdeadbeef, 7}};
            std::string bytes(p.header_bytes(), 'x');
            emit(p, 1234, 80, reinterpret_cast<uint8_t*>(bytes.data()));
            BOOST_TEST(bytes == bytes_of(o));
        }
}

BOOST_AUTO_TEST_CASE(is_read_as_the_general_way_reads_it) {
    outgoing o = ack_with_timestamps();
    o.flags |= flags::psh;
    const std::string bytes = bytes_of(o) + "payload";
    const plain_segment p = view(bytes);
    segment s;
    BOOST_TEST_REQUIRE((parse(buffer::copy_of(bytes), s) == segment_fault::none));
    BOOST_TEST_REQUIRE(p.is_plain());
    BOOST_TEST(p.source_port() == s.source_port);
    BOOST_TEST(p.destination_port() == s.destination_port);
    BOOST_TEST((p.seq() == s.seq));
    BOOST_TEST((p.ack() == s.ack));
    BOOST_TEST(p.wnd() == s.wnd);
    BOOST_TEST(p.has_timestamps());
    BOOST_TEST((p.timestamps() == *s.options.timestamps));
    BOOST_TEST(p.header_bytes() == 32u);
    BOOST_TEST(p.payload_bytes() == 7u);
    o.options.timestamps.reset();
    const std::string bare = bytes_of(o);
    BOOST_TEST(view(bare).is_plain());
    BOOST_TEST(!view(bare).has_timestamps());
    BOOST_TEST(view(bare).payload_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(other_flags_and_options_are_not_plain) {
    for (const auto f : {flags::fin, flags::syn, flags::rst, flags::urg}) {
        outgoing o = ack_with_timestamps();
        o.flags |= f;
        BOOST_TEST(!view(bytes_of(o)).is_plain());
    }
    outgoing no_ack = ack_with_timestamps();
    no_ack.flags = flags();
    BOOST_TEST(!view(bytes_of(no_ack)).is_plain());
    outgoing sacking = ack_with_timestamps();
    sacking.options.sack.push_back({seq(1), seq(2)});
    BOOST_TEST(!view(bytes_of(sacking)).is_plain());
    outgoing scaled;
    scaled.flags = flags::ack;
    scaled.options.window_scale = 3;
    BOOST_TEST(!view(bytes_of(scaled)).is_plain());
    // The room of timestamps with something else in it.
    std::string other = bytes_of(ack_with_timestamps());
    other[21] = 2;
    BOOST_TEST(!view(other).is_plain());
}

// RFC 9768 §3.2.2: whoever takes one has to look at it.
BOOST_AUTO_TEST_CASE(the_ace_field_is_part_of_the_layout) {
    for (uint8_t n = 0; n < 8; ++n)
        for (const bool stamped : {false, true}) {
            outgoing o = ack_with_timestamps();
            o.flags |= flags::psh | flags::of_ace(n);
            if (!stamped) o.options.timestamps.reset();
            const std::string bytes = bytes_of(o);
            BOOST_TEST(view(bytes).is_plain());
            BOOST_TEST(view(bytes).layout() == plain_layout(stamped, flags::of_ace(n)));
            const plain_outgoing p{.seq = o.seq,
                                   .ack = o.ack,
                                   .wnd = o.wnd,
                                   .layout = plain_layout(stamped, flags::of_ace(n)),
                                   .push = true,
                                   .timestamps = {0xdeadbeef, 7}};
            std::string again(p.header_bytes(), 'x');
            emit(p, 1234, 80, reinterpret_cast<uint8_t*>(again.data()));
            BOOST_TEST(again == bytes);
        }
}

// What is said to be plain is well-formed, whatever the bytes; one that is cut off is not plain.
BOOST_AUTO_TEST_CASE(nothing_malformed_is_plain) {
    const std::string whole = bytes_of(ack_with_timestamps());
    for (size_t n = 0; n < whole.size(); ++n) BOOST_TEST(!view(whole.substr(0, n)).is_plain());
    std::mt19937 random(1);
    unsigned plain = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string bytes = whole.substr(0, random() % 40);
        for (int flips = int(random() % 4); flips > 0 && !bytes.empty(); --flips)
            bytes[random() % bytes.size()] = char(random());
        const plain_segment p = view(bytes);
        if (!p.is_plain()) continue;
        ++plain;
        segment s;
        BOOST_TEST_REQUIRE((parse(buffer::copy_of(bytes), s) == segment_fault::none));
        BOOST_TEST_REQUIRE((s.flags.without(flags::psh | ecn_bits) == flags(flags::ack)));
        BOOST_TEST_REQUIRE(s.payload.size() == p.payload_bytes());
        BOOST_TEST_REQUIRE((p.has_timestamps() ? s.options.only_timestamps() : s.options.empty()));
    }
    BOOST_TEST(plain > 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
