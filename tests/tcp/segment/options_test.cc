#include "tcp/segment/options.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <vector>

using namespace millrace::tcp;

namespace {

using bytes = std::vector<uint8_t>;

bytes emitted(const options& o) {
    bytes out(options::max_bytes, 0xee);
    out.resize(emit(o, out.data()));
    return out;
}

options parsed(const bytes& b) {
    options o;
    BOOST_TEST_REQUIRE(parse(b, o));
    return o;
}

options syn_options() {
    options o;
    o.mss = 1460;
    o.sack_permitted = true;
    o.timestamps = timestamp_option{0x11223344, 0};
    o.window_scale = 7;
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_room)

BOOST_AUTO_TEST_CASE(options_of_a_syn_take_twenty_bytes) {
    const bytes expected = {2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0, 1, 3, 3, 7};
    BOOST_TEST(emitted(syn_options()) == expected, boost::test_tools::per_element());
    BOOST_TEST(syn_options().emitted_bytes() == 20u);
}

BOOST_AUTO_TEST_CASE(options_of_a_syn_come_back) {
    const options o = parsed(emitted(syn_options()));
    BOOST_TEST(o.mss.value() == 1460);
    BOOST_TEST(o.sack_permitted);
    BOOST_TEST(int(o.window_scale.value()) == 7);
    BOOST_TEST((o.timestamps.value() == timestamp_option{0x11223344, 0}));
}

fast_open_cookie cookie_of(size_t size) {
    fast_open_cookie c;
    c.size = uint8_t(size);
    for (size_t i = 0; i < size; ++i) c.bytes[i] = uint8_t(0xa0 + i);
    return c;
}

// RFC 7413 §4.1.1.
BOOST_AUTO_TEST_CASE(a_request_for_a_cookie_is_an_empty_one) {
    options o;
    o.fast_open.emplace();
    const bytes expected = {1, 1, 34, 2};
    BOOST_TEST(emitted(o) == expected, boost::test_tools::per_element());
    BOOST_TEST(parsed(emitted(o)).fast_open->is_request());
}

BOOST_AUTO_TEST_CASE(cookies_of_every_size_come_back_and_fit_beside_all_of_a_syn) {
    for (size_t size : {4, 6, 8, 10, 12, 14, 16}) {
        options o = syn_options();
        o.fast_open = cookie_of(size);
        const bytes out = emitted(o);
        BOOST_TEST(out.size() == o.emitted_bytes());
        BOOST_TEST(out.size() % 4 == 0u);
        BOOST_TEST(out.size() <= options::max_bytes);
        BOOST_TEST((parsed(out).fast_open == cookie_of(size)));
        BOOST_TEST(int(parsed(out).window_scale.value()) == 7);
    }
}

// RFC 7413 §4.1.1: "Options with invalid Length values ... MUST be ignored."
BOOST_AUTO_TEST_CASE(cookies_of_other_sizes_are_ignored) {
    for (size_t size = 1; size <= 20; ++size) {
        if (size >= 4 && size <= 16 && size % 2 == 0) continue;
        bytes b(2 + size, 7);
        b[0] = 34;
        b[1] = uint8_t(2 + size);
        BOOST_TEST(!parsed(b).fast_open);
    }
}

// RFC 7323 appendix A.
BOOST_AUTO_TEST_CASE(timestamps_alone_are_aligned_by_two_nops) {
    options o;
    o.timestamps = timestamp_option{1, 2};
    BOOST_TEST(o.only_timestamps());
    const bytes expected = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
    BOOST_TEST(emitted(o) == expected, boost::test_tools::per_element());
}

// RFC 2018 §3.
BOOST_AUTO_TEST_CASE(four_sack_blocks_fit_alone_and_three_beside_timestamps) {
    options o;
    for (uint32_t i = 0; i < 5; ++i) o.sack.push_back({seq(100 * i), seq(100 * i + 50)});
    BOOST_TEST(o.sack.size() == 4u);
    BOOST_TEST(o.emitted_bytes() == 36u);
    BOOST_TEST(parsed(emitted(o)).sack.size() == sack_room(false));
    o.timestamps = timestamp_option{1, 2};
    BOOST_TEST(o.emitted_bytes() == 40u);
    const options back = parsed(emitted(o));
    BOOST_TEST(back.sack.size() == sack_room(true));
    BOOST_TEST((back.sack[2] == seq_range{seq(200), seq(250)}));
}

BOOST_AUTO_TEST_CASE(emitted_bytes_are_padded_and_bounded) {
    for (int mask = 0; mask < 16; ++mask) {
        for (uint32_t blocks = 0; blocks <= 4; ++blocks) {
            options o;
            if (mask & 1) o.mss = 536;
            if (mask & 2) o.sack_permitted = true;
            if (mask & 4) o.timestamps = timestamp_option{7, 8};
            if (mask & 8) o.window_scale = 14;
            for (uint32_t i = 0; i < blocks; ++i) o.sack.push_back({seq(i * 10), seq(i * 10 + 5)});
            const bytes out = emitted(o);
            BOOST_TEST(out.size() == o.emitted_bytes());
            BOOST_TEST(out.size() % 4 == 0u);
            BOOST_TEST(out.size() <= options::max_bytes);
            const options back = parsed(out);
            BOOST_TEST((back.mss == o.mss));
            BOOST_TEST((back.window_scale == o.window_scale));
            BOOST_TEST((back.timestamps == o.timestamps));
            BOOST_TEST(back.sack_permitted == o.sack_permitted);
        }
    }
}

// RFC 9293 §3.2 MUST-6.
// RFC 9768 §3.2.3, figure 4 and table 5.
BOOST_AUTO_TEST_CASE(counts_of_marks_come_back_in_both_orders_and_every_length) {
    for (const bool ect1_first : {false, true})
        for (uint8_t fields = 0; fields <= mark_counts::all; ++fields) {
            options o;
            o.mark_counts = mark_counts{.fields = fields,
                                        .ect1_first = ect1_first,
                                        .ect0 = 0x010203,
                                        .ce = 0xfffffe,
                                        .ect1 = 0x0a0b0c};
            const bytes b = emitted(o);
            BOOST_TEST(b.size() == mark_counts::bytes_of(fields));
            const mark_counts c = parsed(b).mark_counts.value();
            BOOST_TEST(int(c.fields) == int(fields));
            BOOST_TEST(c.ect1_first == ect1_first);
            BOOST_TEST(c.has_ect0() == (fields >= (ect1_first ? 3 : 1)));
            BOOST_TEST(c.has_ect1() == (fields >= (ect1_first ? 1 : 3)));
            BOOST_TEST(c.has_ce() == (fields >= 2));
            if (c.has_ect0()) BOOST_TEST(c.ect0 == 0x010203u);
            if (c.has_ce()) BOOST_TEST(c.ce == 0xfffffeu);
            if (c.has_ect1()) BOOST_TEST(c.ect1 == 0x0a0b0cu);
        }
    options o;
    o.mark_counts = mark_counts{.fields = 3, .ect0 = 0x010203, .ce = 4, .ect1 = 0x050607};
    const bytes expected = {1, 172, 11, 1, 2, 3, 0, 0, 4, 5, 6, 7};
    BOOST_TEST(emitted(o) == expected, boost::test_tools::per_element());
    o.mark_counts = mark_counts{.fields = 1, .ect1_first = true, .ect0 = 0, .ce = 0, .ect1 = 9};
    const bytes other = {1, 1, 1, 174, 5, 0, 0, 9};
    BOOST_TEST(emitted(o) == other, boost::test_tools::per_element());
}

// RFC 9768 §3.2.3: the whole fields within an option of another length.
BOOST_AUTO_TEST_CASE(counts_of_marks_of_another_length_are_read_as_far_as_they_go) {
    const mark_counts c = *parsed({172, 7, 0, 0, 1, 9, 9}).mark_counts;
    BOOST_TEST(int(c.fields) == 1);
    BOOST_TEST(c.ect0 == 1u);
    const mark_counts longer = *parsed({174, 13, 0, 0, 1, 0, 0, 2, 0, 0, 3, 9, 9}).mark_counts;
    BOOST_TEST(int(longer.fields) == 3);
    BOOST_TEST(longer.ect0 == 3u);
}

// RFC 9768 §3.2.3.2.1: a SYN-ACK has everything at once, if need be less of them.
BOOST_AUTO_TEST_CASE(counts_of_marks_are_cut_to_the_room_that_there_is) {
    options o = syn_options();
    o.mark_counts = mark_counts{.fields = 3, .ect0 = 1, .ce = 0, .ect1 = 1};
    BOOST_TEST(int(parsed(emitted(o)).mark_counts->fields) == 3);
    o.fast_open = cookie_of(8);
    BOOST_TEST(emitted(o).size() == 40u);
    BOOST_TEST(int(parsed(emitted(o)).mark_counts->fields) == 2);
    o.fast_open = cookie_of(16);
    BOOST_TEST(emitted(o).size() == 40u);
    BOOST_TEST(!parsed(emitted(o)).mark_counts);
    options sacking;
    sacking.timestamps = timestamp_option{1, 2};
    sacking.mark_counts = mark_counts{.fields = 2, .ect0 = 1, .ce = 2};
    for (uint32_t i = 0; i < 3; ++i) sacking.sack.push_back({seq(i * 100), seq(i * 100 + 50)});
    BOOST_TEST(emitted(sacking).size() == 40u);
    BOOST_TEST(parsed(emitted(sacking)).sack.size() == 2u);
    BOOST_TEST(sack_room(true, mark_counts::bytes_of(2)) == 2u);
    BOOST_TEST(sack_room(false, mark_counts::bytes_of(3)) == 3u);
    BOOST_TEST(sack_room(true) == 3u);
    BOOST_TEST(sack_room(false) == 4u);
}

BOOST_AUTO_TEST_CASE(unknown_options_are_skipped) {
    const options o = parsed({254, 6, 1, 2, 3, 4, 1, 2, 4, 0x02, 0x18, 34, 2});
    BOOST_TEST(o.mss.value() == 536);
}

BOOST_AUTO_TEST_CASE(nothing_is_read_behind_the_end_of_the_list) {
    BOOST_TEST(!parsed({0, 2, 4, 5, 0xb4}).mss.has_value());
}

// RFC 9293 §3.2 MUST-7.
BOOST_AUTO_TEST_CASE(impossible_lengths_are_refused) {
    options o;
    for (const bytes& b : {bytes{2}, bytes{2, 0, 5, 0xb4}, bytes{2, 1, 5, 0xb4}, bytes{2, 5, 5, 0xb4},
                           bytes{1, 1, 1, 8}, bytes{8, 255, 0, 0}})
        BOOST_TEST(!parse(b, o));
}

BOOST_AUTO_TEST_CASE(known_options_of_a_wrong_length_are_skipped) {
    const options o = parsed({2, 3, 5, 3, 4, 7, 7, 8, 4, 0, 0, 4, 3, 0, 5, 4, 0, 0});
    BOOST_TEST(!o.mss);
    BOOST_TEST(!o.window_scale);
    BOOST_TEST(!o.timestamps);
    BOOST_TEST(!o.sack_permitted);
    BOOST_TEST(o.sack.empty());
}

// RFC 7323 §2.3.
BOOST_AUTO_TEST_CASE(a_window_scale_above_fourteen_counts_as_fourteen) {
    BOOST_TEST(int(parsed({3, 3, 200}).window_scale.value()) == 14);
}

BOOST_AUTO_TEST_CASE(random_bytes_never_harm) {
    std::mt19937 random(1);
    for (int i = 0; i < 200'000; ++i) {
        bytes b(random() % (options::max_bytes + 1));
        for (auto& x : b) x = uint8_t(random() % 4 ? random() % 12 : random());
        options o;
        if (parse(b, o)) BOOST_TEST_REQUIRE(o.sack.size() <= sack_blocks::capacity);
    }
}

BOOST_AUTO_TEST_SUITE_END()
