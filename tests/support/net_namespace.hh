// A network namespace of the test's own: TAP interfaces made there touch nothing of the machine's.
#pragma once

#include <boost/test/unit_test.hpp>

#include <string>

namespace millrace::net {

// Moves this process, which must have one thread only, into a new network namespace; as another user than
// root into a new user namespace too. Empty if done, else why it is not allowed here. Later calls repeat the
// first one's answer.
const std::string& enter_network_namespace();

// A precondition of tests that need one: they are skipped where it is not allowed.
struct a_namespace {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        boost::test_tools::assertion_result allowed(enter_network_namespace().empty());
        allowed.message() << enter_network_namespace();
        return allowed;
    }
};

// Sets an interface up. False if that is refused.
bool set_up(const std::string& interface);

}  // namespace millrace::net
