#include "tcp/segment/flags.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(segment_room)

BOOST_AUTO_TEST_CASE(bits_lie_where_the_wire_has_them) {
    // RFC 9293 §3.1: CWR ECE URG ACK PSH RST SYN FIN, the last the least.
    BOOST_TEST(int((flags::fin | flags::ack).bits()) == 0x11);
    BOOST_TEST(int((flags::syn | flags::ece | flags::cwr).bits()) == 0xc2);
    BOOST_TEST((flags(uint8_t(0x18)) == (flags::psh | flags::ack)));
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
    BOOST_TEST(flags().to_string() == "none");
}

BOOST_AUTO_TEST_SUITE_END()
