// Memory for bytes on their way through sockets.
#include "net/kernel/byte_arena.hh"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <optional>
#include <string>

using namespace millrace;
using namespace millrace::net;

namespace {

buffer put(byte_arena& a, std::string_view text) {
    const auto room = a.room(text.size());
    std::memcpy(room.data(), text.data(), text.size());
    return a.take(text.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net_kernel_byte_arena)

BOOST_AUTO_TEST_CASE(small_buffers_share_a_chunk) {
    byte_arena a(2);
    const buffer x = put(a, "first"), y = put(a, "second");
    BOOST_TEST(x.view() == "first");
    BOOST_TEST(y.view() == "second");
    BOOST_TEST(x.storage() == y.storage());
    BOOST_TEST(y.data() == x.data() + 5);
}

BOOST_AUTO_TEST_CASE(memory_that_nobody_holds_is_used_again_at_once) {
    byte_arena a(2);
    const char* place = put(a, "gone").data();
    BOOST_TEST(put(a, "next").data() == place);
}

BOOST_AUTO_TEST_CASE(a_full_chunk_makes_room_for_another_and_comes_back) {
    byte_arena a(2);
    std::optional<buffer> kept = put(a, std::string(60'000, 'k'));
    const buffer other = put(a, std::string(60'000, 'o'));
    BOOST_TEST(kept->storage() != other.storage());
    const auto* first = kept->storage();
    kept.reset();
    const buffer third = put(a, std::string(60'000, 't'));
    BOOST_TEST(third.storage() == first);
}

BOOST_AUTO_TEST_CASE(buffers_may_outlive_the_arena) {
    std::optional<byte_arena> a(std::in_place, 2);
    buffer kept = put(*a, "kept");
    const buffer big = put(*a, std::string(65'000, 'b'));
    a.reset();
    BOOST_TEST(kept.view() == "kept");
    BOOST_TEST(big.size() == 65'000u);
}

BOOST_AUTO_TEST_CASE(neighbouring_copies_become_one_buffer) {
    byte_arena a(2);
    std::vector<buffer> out;
    a.append_copy("one ", out);
    a.append_copy("two", out);
    BOOST_TEST(out.size() == 1u);
    BOOST_TEST(out[0].view() == "one two");
    put(a, "between");
    a.append_copy(" three", out);
    BOOST_TEST(out.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_copy_larger_than_a_chunk_becomes_several_buffers) {
    byte_arena a(2);
    std::vector<buffer> out;
    const std::string large(200'000, 'l');
    a.append_copy(large, out);
    std::string together;
    for (const buffer& b : out) together += b.view();
    BOOST_TEST((together == large));
}

BOOST_AUTO_TEST_SUITE_END()
