#include "tcp/segment/header.hh"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace millrace::tcp;

namespace {

// RFC 9293 §3.1: ports 0x1234 and 80, sequence 0x01020304, acknowledges 0xfffefdfc, PSH ACK, window 0x2000.
const std::vector<uint8_t> plain = {0x12, 0x34, 0,    80,   1,    2,    3,    4,    0xff, 0xfe,
                                    0xfd, 0xfc, 0x50, 0x18, 0x20, 0x00, 0xab, 0xcd, 0,    7};

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_room)

BOOST_AUTO_TEST_CASE(every_field_is_read) {
    header h;
    BOOST_TEST((parse(plain, h) == segment_fault::none));
    BOOST_TEST(h.source_port == 0x1234);
    BOOST_TEST(h.destination_port == 80);
    BOOST_TEST((h.seq == seq(0x01020304)));
    BOOST_TEST((h.ack == seq(0xfffefdfc)));
    BOOST_TEST(int(h.data_offset_bytes) == 20);
    BOOST_TEST((h.flags == (flags::psh | flags::ack)));
    BOOST_TEST(h.wnd == 0x2000);
    BOOST_TEST(h.checksum == 0xabcd);
    BOOST_TEST(h.urgent_pointer == 7);
}

BOOST_AUTO_TEST_CASE(emit_is_the_inverse_of_parse) {
    header h;
    BOOST_TEST((parse(plain, h) == segment_fault::none));
    std::vector<uint8_t> out(header::size);
    emit(h, out.data());
    BOOST_TEST(out == plain, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(short_bytes_are_refused) {
    header h;
    for (size_t n = 0; n < header::size; ++n)
        BOOST_TEST((parse(std::span(plain).first(n), h) == segment_fault::truncated));
}

BOOST_AUTO_TEST_CASE(data_offset_must_lie_between_header_and_end) {
    header h;
    auto bytes = plain;
    for (int words = 0; words < 5; ++words) {
        bytes[12] = uint8_t(words << 4);
        BOOST_TEST((parse(bytes, h) == segment_fault::bad_data_offset));
    }
    for (int words = 6; words < 16; ++words) {
        bytes[12] = uint8_t(words << 4);
        BOOST_TEST((parse(bytes, h) == segment_fault::truncated));
    }
    bytes.resize(60);
    BOOST_TEST((parse(bytes, h) == segment_fault::none));
    BOOST_TEST(int(h.data_offset_bytes) == 60);
}

BOOST_AUTO_TEST_SUITE_END()
