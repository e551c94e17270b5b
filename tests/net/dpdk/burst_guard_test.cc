#include "net/dpdk/burst_guard.hh"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(a_held_gate_turns_bursts_away_until_it_is_released_as_often) {
    burst_gate gate;
    BOOST_TEST(gate.enter(0));
    gate.leave(0);
    gate.hold();
    gate.hold();
    BOOST_TEST(!gate.enter(0));
    gate.release();
    BOOST_TEST(!gate.enter(1));
    gate.release();
    BOOST_TEST(gate.enter(1));
    gate.leave(1);
}

// What the holder changes while it holds the gate, bursts must never see half done.
BOOST_AUTO_TEST_CASE(nobody_is_in_a_burst_while_a_gate_is_held) {
    burst_gate gate;
    std::atomic<bool> over{false};
    long first = 0, second = 0;  // differ only while the gate is held
    std::atomic<long> bursts{0};
    std::atomic<long> torn{0};
    std::vector<std::thread> queues;
    for (unsigned q = 0; q < 2; ++q) {
        queues.emplace_back([&, q] {
            while (!over) {
                if (!gate.enter(q)) {
                    std::this_thread::yield();
                    continue;
                }
                if (first != second) ++torn;
                ++bursts;
                gate.leave(q);
            }
        });
    }
    for (int round = 0; round < 200; ++round) {
        const long before = bursts;
        while (bursts < before + 10) std::this_thread::yield();
        gate.hold();
        ++first;
        std::this_thread::yield();
        ++second;
        gate.release();
    }
    over = true;
    for (auto& t : queues) t.join();
    BOOST_TEST(torn == 0);
}

BOOST_AUTO_TEST_SUITE_END()
