#include "tcp/listen/isn.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;

namespace {

const time_point start{std::chrono::seconds(100)};

four_tuple flow(uint16_t remote_port) {
    return {.local = {net::ipv4_address(10, 0, 0, 1), 80},
            .remote = {net::ipv4_address(10, 0, 0, 2), remote_port}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listen)

// RFC 6528 §3.
BOOST_AUTO_TEST_CASE(the_isn_of_one_flow_advances_by_one_every_four_microseconds) {
    const initial_numbers numbers({1, 2});
    const seq first = numbers.isn(flow(5000), start);
    BOOST_TEST((numbers.isn(flow(5000), start + std::chrono::microseconds(4)) == first + 1));
    BOOST_TEST((numbers.isn(flow(5000), start + std::chrono::seconds(1)) == first + 250000));
}

// RFC 6528 §3: no flow tells of another, and nobody tells without the secret.
BOOST_AUTO_TEST_CASE(flows_and_secrets_have_sequence_spaces_of_their_own) {
    const initial_numbers numbers({1, 2});
    BOOST_TEST((numbers.isn(flow(5000), start) != numbers.isn(flow(5001), start)));
    BOOST_TEST((numbers.isn(flow(5000), start) != initial_numbers({1, 3}).isn(flow(5000), start)));
    BOOST_TEST(numbers.timestamp_offset(flow(5000)) != numbers.timestamp_offset(flow(5001)));
}

BOOST_AUTO_TEST_CASE(both_ends_of_a_flow_count_when_it_is_packed) {
    const four_tuple a = flow(5000);
    const four_tuple turned{.local = a.remote, .remote = a.local};
    BOOST_TEST((packed_tuple(a) == packed_tuple(flow(5000))));
    BOOST_TEST((packed_tuple(a) != packed_tuple(turned)));
}

BOOST_AUTO_TEST_SUITE_END()
