// The entry point of every test program; the framework is linked as a shared library.
#define BOOST_TEST_MODULE millrace
#include <boost/test/unit_test.hpp>
