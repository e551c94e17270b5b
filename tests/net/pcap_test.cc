#include "net/pcap.hh"

#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

using namespace millrace;
using namespace millrace::net;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(net)

namespace {

struct temporary_file {
    explicit temporary_file(const std::string& bytes = "") { std::ofstream(path, std::ios::binary) << bytes; }
    ~temporary_file() { std::remove(path.c_str()); }
    const std::string path = "pcap_test." + std::to_string(::getpid()) + ".pcap";
};

bool refuses(const std::string& bytes) {
    const temporary_file f(bytes);
    try {
        pcap_reader r(f.path);
        while (r.next()) {
        }
    } catch (const std::system_error&) {
        return true;
    }
    return false;
}

// Two frames of 3 and 0 bytes, as another program wrote them: microseconds, in the other byte order.
const std::string foreign(
    "\xa1\xb2\xc3\xd4\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x01"
    "\x00\x00\x00\x05\x00\x00\x00\x07\x00\x00\x00\x03\x00\x00\x00\x09"
    "abc"
    "\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    24 + 16 + 3 + 16);

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_written_is_read_with_its_times) {
    const temporary_file f;
    packet chained;
    chained.head = buffer::copy_of("head");
    chained.fragments.push_back(buffer::copy_of(" and tail"));
    {
        pcap_writer w(f.path);
        w.write(time_point(1s + 5ns), frames::in_foreign_buffer(frames::pattern(1514)));
        w.write(time_point(2s + 999'999'999ns), chained);
        BOOST_TEST(w.frames() == 2u);
        BOOST_TEST(!w.failed());
    }
    pcap_reader r(f.path);
    auto first = r.next();
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST((first->at == time_point(1s + 5ns)));
    BOOST_TEST(first->bytes.view() == frames::pattern(1514));
    BOOST_TEST(first->length == 1514u);
    auto second = r.next();
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST((second->at == time_point(3s - 1ns)));
    BOOST_TEST(second->bytes.view() == "head and tail");
    BOOST_TEST(!r.next().has_value());
}

BOOST_AUTO_TEST_CASE(frames_are_cut_at_the_snap_length_and_their_length_kept) {
    const temporary_file f;
    packet p = frames::in_foreign_buffer("0123456789");
    p.fragments.push_back(buffer::copy_of("abcdef"));
    {
        pcap_writer w(f.path, 12);
        w.write(time_point(1s), p);
    }
    auto got = pcap_reader(f.path).next();
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->bytes.view() == "0123456789ab");
    BOOST_TEST(got->length == 16u);
}

BOOST_AUTO_TEST_CASE(files_of_other_machines_are_read) {
    const temporary_file f(foreign);
    pcap_reader r(f.path);
    auto first = r.next();
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST((first->at == time_point(5s + 7us)));
    BOOST_TEST(first->bytes.view() == "abc");
    BOOST_TEST(first->length == 9u);
    BOOST_TEST(r.next()->bytes.empty());
    BOOST_TEST(!r.next().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_capture_is_refused) {
    BOOST_CHECK_THROW(pcap_reader("/nowhere/at.all"), std::system_error);
    BOOST_CHECK_THROW(pcap_writer("/nowhere/at.all"), std::system_error);
    BOOST_TEST(refuses(""));
    BOOST_TEST(refuses("not a capture file at all"));
    BOOST_TEST(!refuses(foreign));
    BOOST_TEST(refuses(foreign.substr(0, 23)));
    BOOST_TEST(refuses(foreign.substr(0, 30)));
    BOOST_TEST(refuses(foreign.substr(0, 42)));
    std::string other_link = foreign;
    other_link[23] = 101;
    BOOST_TEST(refuses(other_link));
    std::string endless = foreign;
    endless[32] = '\x7f';
    BOOST_TEST(refuses(endless));
}

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_capture) {
    BOOST_CHECK_THROW(pcap_writer("/dev/full"), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
