// The rules of the house, checked on the source tree itself (doc/architecture.md, "The laws").
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> floors = {"core", "net", "tcp", "apps"};  // from the ground up

// The arrows allowed between the rooms of tcp/.
const std::map<std::string, std::set<std::string>> tcp_arrows = {
    {"segment", {}},
    {"congestion", {}},
    {"receive", {"segment"}},
    {"send", {"segment"}},
    {"recovery", {"segment", "send"}},
    {"connection", {"segment", "congestion", "receive", "send", "recovery"}},
    {"listen", {"segment"}},
    {"demux", {"segment", "connection", "listen"}},
};

struct source {
    std::string path;                 // from the root: "tcp/recovery/rto.cc"
    std::vector<std::string> quoted;  // includes of ours
    std::vector<std::string> angled;  // includes of others
    std::string text;

    std::string floor() const { return path.substr(0, path.find('/')); }
    bool is_header() const { return path.ends_with(".hh"); }
};

// The folder below the floor, or "" for a file that stands directly in it.
std::string room_of(const std::string& path) {
    auto first = path.find('/');
    auto second = path.find('/', first + 1);
    return second == std::string::npos ? "" : path.substr(first + 1, second - first - 1);
}

std::string floor_of(const std::string& path) {
    return path.substr(0, path.find('/'));
}

// What the line includes, with its first delimiter: "\"core/time.hh" or "<vector"; empty if it includes
// nothing.
std::string include_of(const std::string& line) {
    constexpr std::string_view word = "#include ";
    if (!line.starts_with(word) || line.size() < word.size() + 2) return "";
    const auto end = line.find_first_of("\">", word.size() + 1);
    return line.substr(word.size(), end - word.size());
}

std::vector<source> read_sources() {
    std::vector<source> all;
    fs::path root = MILLRACE_SOURCE_DIR;
    for (const auto& floor : floors) {
        for (const auto& entry : fs::recursive_directory_iterator(root / floor)) {
            auto extension = entry.path().extension();
            if (extension != ".cc" && extension != ".hh") continue;
            source s;
            s.path = fs::relative(entry.path(), root).generic_string();
            std::ifstream in(entry.path());
            for (std::string line; std::getline(in, line);) {
                const std::string include = include_of(line);
                if (!include.empty()) (include[0] == '"' ? s.quoted : s.angled).push_back(include.substr(1));
                s.text += line + "\n";
            }
            all.push_back(std::move(s));
        }
    }
    return all;
}

const std::vector<source>& sources() {
    static const auto all = read_sources();
    return all;
}

size_t height(const std::string& floor) {
    return size_t(std::find(floors.begin(), floors.end(), floor) - floors.begin());
}

// Whether following the arrows from `from` leads back to it.
bool on_a_cycle(const std::map<std::string, std::set<std::string>>& arrows, const std::string& from) {
    std::set<std::string> seen;
    std::vector<std::string> open{from};
    while (!open.empty()) {
        std::string at = open.back();
        open.pop_back();
        auto next = arrows.find(at);
        if (next == arrows.end()) continue;
        for (const auto& to : next->second) {
            if (to == from) return true;
            if (seen.insert(to).second) open.push_back(to);
        }
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(house)

BOOST_AUTO_TEST_CASE(sources_were_found) {
    BOOST_TEST(sources().size() > 50u);
}

// Law 1.
BOOST_AUTO_TEST_CASE(floors_depend_downward_only) {
    for (const auto& s : sources()) {
        for (const auto& include : s.quoted) {
            BOOST_TEST_CONTEXT(s.path << " includes " << include) {
                BOOST_TEST(height(floor_of(include)) < floors.size(), "quoted includes start at a floor");
                BOOST_TEST(height(floor_of(include)) <= height(s.floor()));
            }
        }
    }
}

// Law 1: headers include each other without a circle.
BOOST_AUTO_TEST_CASE(headers_have_no_cycle) {
    std::map<std::string, std::set<std::string>> arrows;
    for (const auto& s : sources())
        if (s.is_header()) arrows[s.path].insert(s.quoted.begin(), s.quoted.end());
    for (const auto& [path, _] : arrows)
        BOOST_TEST(!on_a_cycle(arrows, path), path << " includes itself in a circle");
}

// Law 1: nor do the rooms of a floor lean on each other in a circle.
BOOST_AUTO_TEST_CASE(rooms_have_no_cycle) {
    std::map<std::string, std::set<std::string>> arrows;
    for (const auto& s : sources()) {
        std::string room = room_of(s.path);
        for (const auto& include : s.quoted) {
            std::string other = room_of(include);
            if (floor_of(include) == s.floor() && !room.empty() && !other.empty() && room != other)
                arrows[s.floor() + "/" + room].insert(s.floor() + "/" + other);
        }
    }
    for (const auto& [room, _] : arrows)
        BOOST_TEST(!on_a_cycle(arrows, room), room << " leans on itself in a circle");
}

// Law 1: the rooms of tcp/ have exactly these arrows.
BOOST_AUTO_TEST_CASE(tcp_rooms_keep_to_their_arrows) {
    for (const auto& s : sources()) {
        auto allowed = tcp_arrows.find(room_of(s.path));
        if (s.floor() != "tcp" || allowed == tcp_arrows.end()) continue;
        for (const auto& include : s.quoted) {
            std::string other = room_of(include);
            if (floor_of(include) != "tcp" || other.empty() || other == room_of(s.path)) continue;
            BOOST_TEST(allowed->second.contains(other), s.path << " may not lean on tcp/" << other);
        }
    }
}

// Law 2.
BOOST_AUTO_TEST_CASE(rooms_are_private_to_their_floor) {
    for (const auto& s : sources())
        for (const auto& include : s.quoted)
            BOOST_TEST((room_of(include).empty() || floor_of(include) == s.floor()),
                       s.path << " enters the room of " << include);
}

// Law 2: a door leads into no room, so that the installed headers are whole.
BOOST_AUTO_TEST_CASE(doors_include_no_rooms) {
    for (const auto& s : sources()) {
        if (!s.is_header() || !room_of(s.path).empty() || s.floor() == "apps") continue;
        for (const auto& include : s.quoted)
            BOOST_TEST(room_of(include).empty(),
                       "the door " << s.path << " includes the room header " << include);
    }
}

// Law 3.
BOOST_AUTO_TEST_CASE(protocol_rooms_do_no_io) {
    const std::set<std::string> refused = {
        "core/future.hh", "core/promise.hh",  "core/coroutine.hh", "core/reactor.hh", "core/poller.hh",
        "core/timer.hh",  "core/random.hh",   "core/io.hh",        "core/shard.hh",   "core/sharded.hh",
        "net/device.hh",  "net/interface.hh", "net/network.hh"};
    const auto fetched = {"::now()", "rdtsc", "random_device", " rand()", "mt19937"};
    for (const auto& s : sources()) {
        if (s.floor() != "tcp" || room_of(s.path).empty()) continue;
        for (const char* word : fetched)
            BOOST_TEST(s.text.find(word) == std::string::npos, s.path << " has " << word);
        if (!tcp_arrows.contains(room_of(s.path))) continue;
        for (const auto& include : s.quoted)
            BOOST_TEST(!refused.contains(include), s.path << " includes " << include);
    }
}

// Law 4.
BOOST_AUTO_TEST_CASE(dpdk_stays_in_its_room) {
    for (const auto& s : sources()) {
        if (s.path.starts_with("net/dpdk/") || s.path.starts_with("tests/net/dpdk/")) continue;
        for (const auto& include : s.angled)
            BOOST_TEST(!include.starts_with("rte_"), s.path << " includes " << include);
    }
}

// Law 5, the part that a machine can see: headers are included once.
BOOST_AUTO_TEST_CASE(headers_are_guarded) {
    for (const auto& s : sources())
        if (s.is_header())
            BOOST_TEST(s.text.find("#pragma once") != std::string::npos, s.path << " has no #pragma once");
}

BOOST_AUTO_TEST_SUITE_END()
