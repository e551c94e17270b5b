#include "tcp/segment/flags.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(segment_room)

BOOST_AUTO_TEST_CASE(bits_lie_where_the_wire_has_them) {
    // RFC 9293 §3.1: CWR ECE URG ACK PSH RST SYN FIN, the last the least.
    BOOST_TEST(int((flags::fin | flags::ack).bits()) == 0x11);
    BOOST_TEST(int((flags::syn | flags::ece | flags::cwr).bits()) == 0xc2);
    BOOST_TEST((flags(uint8_t(0x18)) == (flags::psh | flags::ack)));
    // RFC 9768 §3.1.1: AE before them, in the byte of the data offset.
    BOOST_TEST(int((flags::ae | flags::fin).bits()) == 0x101);
    BOOST_TEST((flags::of_wire(0x8118) == (flags::ae | flags::psh | flags::ack)));
    BOOST_TEST((flags::of_wire(0x8e10) == flags(flags::ack)));
}

// RFC 9768 §3.2.2: ECE is the least of three bits.
BOOST_AUTO_TEST_CASE(three_of_them_are_a_number) {
    for (uint32_t n = 0; n < 8; ++n) {
        BOOST_TEST(int((flags::of_ace(n + 8) | flags::ack).ace()) == int(n));
        BOOST_TEST(flags::of_ace(n).has(flags::ece) == ((n & 1) != 0));
        BOOST_TEST(flags::of_ace(n).has(flags::cwr) == ((n & 2) != 0));
        BOOST_TEST(flags::of_ace(n).has(flags::ae) == ((n & 4) != 0));
    }
}

BOOST_AUTO_TEST_CASE(questions_about_bits) {
    const flags f = flags::syn | flags::ack;
    BOOST_TEST(f.has(flags::syn));
    BOOST_TEST(!f.has(flags::rst));
    BOOST_TEST(f.has_any(flags::rst | flags::ack));
    BOOST_TEST(!f.has_any(flags::rst | flags::fin));
    BOOST_TEST(f.are(flags::syn, flags::syn | flags::rst));
    BOOST_TEST(!f.are(flags::syn, flags::syn | flags::ack));
    BOOST_TEST((f.without(flags::ack) == flags(flags::syn)));
}

BOOST_AUTO_TEST_CASE(text_is_as_tcpdump_writes_it) {
    BOOST_TEST((flags::syn | flags::ack).to_string() == "S.");
    BOOST_TEST((flags::fin | flags::psh | flags::ack).to_string() == "FP.");
    BOOST_TEST((flags::syn | flags::ece | flags::cwr | flags::ae).to_string() == "SEWe");
    BOOST_TEST(flags().to_string() == "none");
}

BOOST_AUTO_TEST_SUITE_END()
