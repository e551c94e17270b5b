// The other end of a memif is a process of its own, and dies without a word.
#include "net/dpdk_device.hh"
#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace millrace;
using namespace millrace::net;

namespace {

std::unique_ptr<device> open(const std::string& role, const std::string& socket) {
    dpdk_options o;
    o.device = "memif:" + role + "," + socket;
    o.buffers = 1024;
    o.memory_mib = 64;
    return open_dpdk_device(o);
}

// Sends and receives as fast as it can. Returns the frames received.
size_t exchange(device_queue& q, const std::string& frame) {
    std::array<packet, 32> burst;
    for (size_t i = 0; i < 16; ++i) burst[i] = frames::in_device_buffer(q, frame);
    if (burst[15].head.storage()) q.transmit(std::span(burst).first(16));
    return q.receive(burst);
}

// A process forked while this one has no DPDK yet, which takes one end of a memif when told to, until it is
// killed.
class peer {
 public:
    peer() {
        int ends[2];
        if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category());
        order_ = ends[1];
        process_ = ::fork();
        if (process_ != 0) {
            ::close(ends[0]);
            return;
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ends[1]);
        char device[128] = {};
        if (::read(ends[0], device, sizeof device - 1) > 0) run(device);
        ::_exit(0);
    }
    ~peer() {
        ::close(order_);
        if (!dead_) die();
    }

    void start(const std::string& role, const std::string& socket) {
        const std::string order = role + " " + socket;
        BOOST_REQUIRE(::write(order_, order.data(), order.size()) == ssize_t(order.size()));
    }
    void die() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        dead_ = true;
    }

 private:
    static void run(const std::string& order) {
        const size_t space = order.find(' ');
        const std::string frame = frames::pattern(1400);
        while (true) {
            try {
                auto d = open(order.substr(0, space), order.substr(space + 1));
                while (true) exchange(d->queue(0), frame);
            } catch (const std::exception&) {  // the server is not there yet
                std::this_thread::yield();
            }
        }
    }

    int order_ = -1;
    pid_t process_ = 0;
    bool dead_ = false;
};

constexpr int lives = 5;

// Forked before main(), as later DPDK's threads would be missing in them.
std::array<peer, lives>& clients = *new std::array<peer, lives>;
std::array<peer, lives>& servers = *new std::array<peer, lives>;

struct at_the_end {
    ~at_the_end() {
        delete &clients;
        delete &servers;
    }
} ending;

std::string socket_name(const std::string& which) {
    return "@millrace-peer-" + which + "-" + std::to_string(::getpid());
}

void until_it_flows(device_queue& q, const std::string& frame) {
    for (size_t received = 0; received < 20'000;) {
        const size_t n = exchange(q, frame);
        if (n == 0) std::this_thread::yield();
        received += n;
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(a_server_in_full_flow_survives_clients_that_are_killed) {
    const std::string frame = frames::pattern(1400);
    auto d = open("server", socket_name("s"));
    auto& q = d->queue(0);
    for (peer& client : clients) {
        client.start("client", socket_name("s"));
        until_it_flows(q, frame);
        std::thread killer([&] { client.die(); });
        for (int i = 0; i < 20'000; ++i) exchange(q, frame);
        killer.join();
        for (int i = 0; i < 20'000; ++i) exchange(q, frame);
    }
    BOOST_TEST(q.counters().rx_packets >= lives * 20'000u);
}

BOOST_AUTO_TEST_CASE(a_client_survives_its_server_and_joins_the_next) {
    const std::string frame = frames::pattern(1400);
    servers[0].start("server", socket_name("c"));
    std::unique_ptr<device> d;
    while (!d) {
        try {
            d = open("client", socket_name("c"));
        } catch (const std::system_error&) {
            std::this_thread::yield();
        }
    }
    auto& q = d->queue(0);
    for (int i = 0; i < lives; ++i) {
        until_it_flows(q, frame);
        std::thread killer([&] {
            servers[i].die();
            if (i + 1 < lives) servers[i + 1].start("server", socket_name("c"));
        });
        for (int k = 0; k < 20'000; ++k) exchange(q, frame);
        killer.join();
    }
    BOOST_TEST(q.counters().rx_packets >= lives * 20'000u);
}

BOOST_AUTO_TEST_SUITE_END()
