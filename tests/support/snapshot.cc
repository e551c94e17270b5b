#include "tests/support/snapshot.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

namespace millrace::test {
namespace {

constexpr const char* variable = "MILLRACE_SNAPSHOTS";

// The file's text; empty if it is not there, which no snapshot is.
std::string contents_of(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string first_difference(const std::string& expected, const std::string& text) {
    std::istringstream e(expected), t(text);
    for (int number = 1;; ++number) {
        std::string el, tl;
        const bool more_e = bool(std::getline(e, el)), more_t = bool(std::getline(t, tl));
        if (more_e != more_t || el != tl) return fmt::format("line {} was '{}', is '{}'", number, el, tl);
        if (!more_e) return "only the line ends differ";
    }
}

}  // namespace

std::string compare_snapshot(const std::string& path, const std::string& text) {
    const std::string file = std::string(MILLRACE_SOURCE_DIR) + "/" + path;
    const char* mode = std::getenv(variable);
    if (mode && std::string_view(mode) == "write") {
        std::ofstream out(file);
        out << text;
        return out.good() ? "" : path + " cannot be written";
    }
    const std::string expected = contents_of(file);
    if (expected == text) return {};
    return fmt::format("{}: {}; if that is right, run the test with {}=write and review the change", path,
                       first_difference(expected, text), variable);
}

}  // namespace millrace::test
