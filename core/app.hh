// What every program needs of its process, before any shard exists: version, exit codes, the command line's
// first answer, and signals as something to read.
#pragma once

#include "core/config.hh"

#include <initializer_list>
#include <optional>
#include <string_view>

namespace millrace {

inline constexpr std::string_view version = "0.1.0";

enum class exit_code : int {
    success = 0,    // also a clean end after SIGTERM or SIGINT
    failed = 1,     // it ran and something broke
    bad_input = 2,  // flags, file or surroundings cannot be used; nothing was started
};

// Parses the command line into the variables of `schema`. When the program has nothing left to do, because
// help or the version was asked for or the input is bad, prints what there is to say and returns the exit
// code.
std::optional<int> start_program(config_schema& schema, int argc, const char* const* argv);

// Says one sentence on stderr, "millrace-kv: kv.yaml:3: ...", and returns bad_input as an int.
int refuse_to_start(const config_schema& schema, std::string_view sentence);

// Turns signals from interruptions into data: blocks them for the process and hands them out one by one. Make
// it before the first thread starts, as threads inherit what is blocked. Also lets writes to a broken pipe
// fail instead of killing the process.
class signal_source {
 public:
    // Throws std::system_error if the process has no descriptor left.
    explicit signal_source(std::initializer_list<int> signals);
    signal_source(const signal_source&) = delete;
    signal_source& operator=(const signal_source&) = delete;
    // Restores what was blocked before.
    ~signal_source();

    // Readable when a signal waits.
    int fd() const noexcept { return fd_; }
    // The next signal that waits; 0 if none does.
    int take() noexcept;

 private:
    struct mask;  // hides <signal.h>
    int fd_;
    mask* before_;
};

}  // namespace millrace
