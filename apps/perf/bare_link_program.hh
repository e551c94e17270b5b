// `millrace-perf bare-link`: the program around a generator or a reflector.
#pragma once

namespace millrace::perf {

// argv[0] stands for the program and the word bare-link. The exit code.
int run_bare_link(int argc, const char* const* argv);

}  // namespace millrace::perf
