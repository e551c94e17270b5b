// What nearly every test includes, compiled once in the builds that are made from scratch
// (MILLRACE_PRECOMPILE). A test still includes all it uses.
#pragma once

#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "core/sleep.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>
