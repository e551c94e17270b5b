// A service built against the installed package: answers in capitals.
#include "tcp/service.hh"

using namespace millrace;

future<> answer(net::stream s) {
    while (buffer b = co_await s.read()) {
        std::string text = b.to_string();
        for (char& c : text) c = char(std::toupper(c));
        co_await s.write(std::string_view(text));
    }
    co_await s.close();
}

future<> serve(net::network& network, tcp::service_context& context) {
    net::listener l = network.listen(context.listening());
    while (auto s = co_await l.accept()) background(answer(std::move(*s)));
}

int main(int argc, char** argv) {
    return tcp::run_service(argc, argv, "upper-case", 7777, serve);
}
