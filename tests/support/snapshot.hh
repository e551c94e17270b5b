// Reviewed outcomes: a text that a test computes and a file of the source tree holds. A change of behaviour
// shows as a change of that file.
#pragma once

#include <string>

namespace millrace::test {

// Compares `text` with the file at `path`, from the root of the source tree. With MILLRACE_SNAPSHOTS=write in
// the environment, writes it there instead. What is wrong, with the first line that differs; empty if
// nothing.
std::string compare_snapshot(const std::string& path, const std::string& text);

}  // namespace millrace::test
