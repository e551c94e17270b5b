// millrace-packet-script FILE...: plays packet scripts against the stack, in virtual time.
#include "tests/packet_script/runner.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace millrace::packet_script;

namespace {

constexpr const char* usage =
    R"(usage: millrace-packet-script [--strict] [--verbose] [--FLAG=VALUE...] FILE...

Plays packet scripts, written in the packetdrill language, against millrace's TCP in virtual time. Says of each
whether it passed, failed (where, and with what packet), or asks for something unsupported (and for what).

  --strict       a script that asks for something unsupported is no success
  --verbose      print every packet of every script
  --FLAG=VALUE   a flag of scripts, as if it stood at the top of each: --receive_buffer=15728640; see
                 doc/packet_scripts.md
  --help         this text

Exit code: 0 if every script that is supported passed, 1 if one failed, 2 if a file cannot be read, 3 with --strict
if none failed and one asks for something unsupported.
)";

// Nothing if it cannot be read, a folder among others: errno says why.
std::optional<std::string> contents_of(const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "r"), &std::fclose);
    if (!in) return std::nullopt;
    std::string text;
    char some[4096];
    while (const size_t n = std::fread(some, 1, sizeof some, in.get())) text.append(some, n);
    if (std::ferror(in.get())) return std::nullopt;
    return text;
}

void show(const std::string& file, const report& r, bool verbose) {
    constexpr const char* words[] = {"passed", "FAILED", "unsupported"};
    const bool clean = r.result == verdict::passed;
    fmt::print("{}{}: {}{}{}\n", file, clean ? "" : fmt::format(":{}", r.line), words[size_t(r.result)],
               clean ? "" : ": ", r.reason);
    for (const std::string& n : r.notices) fmt::print("  {}\n", n);
    if (verbose || r.result == verdict::failed)
        for (const std::string& p : r.packets) fmt::print("    {}\n", p);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> files;
    std::vector<std::pair<std::string, std::string>> flags;
    bool verbose = false, strict = false;
    for (int i = 1; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--help")) return std::fputs(usage, stdout), 0;
        if (!std::strcmp(argv[i], "--verbose")) {
            verbose = true;
        } else if (!std::strcmp(argv[i], "--strict")) {
            strict = true;
        } else if (const char* value = std::strchr(argv[i], '='); value && !std::strncmp(argv[i], "--", 2)) {
            flags.emplace_back(std::string(argv[i] + 2, size_t(value - argv[i] - 2)), value + 1);
        } else if (argv[i][0] == '-') {
            fmt::print(stderr, "millrace-packet-script: no flag {}; see --help\n", argv[i]);
            return 2;
        } else {
            files.emplace_back(argv[i]);
        }
    }
    if (files.empty()) return std::fputs(usage, stderr), 2;
    size_t count[3] = {};
    for (const std::string& file : files) {
        const auto text = contents_of(file);
        if (!text) {
            fmt::print(stderr, "millrace-packet-script: cannot read {}: {}\n", file, std::strerror(errno));
            return 2;
        }
        const report r = run(*text, flags);
        ++count[size_t(r.result)];
        show(file, r, verbose);
    }
    fmt::print("{} passed, {} failed, {} unsupported\n", count[0], count[1], count[2]);
    return count[1] > 0 ? 1 : strict && count[2] > 0 ? 3 : 0;
}
