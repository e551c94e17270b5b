#include "tests/support/tcp/states.hh"

namespace millrace::tcp::script {
namespace {

void our_fin(conversation& c) {
    c.app_shuts_down();
    c.expects(fin());
}

void peer_fin(conversation& c, scripted s) {
    c.peer_sends(std::move(s));
    c.expects(ack());
}

void drive(conversation& c, connection_state s) {
    switch (s) {
        case connection_state::closed:
        case connection_state::listen:
        case connection_state::time_wait:
            return;
        case connection_state::syn_sent:
            c.app_connects();
            return c.expects(syn());
        case connection_state::syn_received:
            drive(c, connection_state::syn_sent);
            c.peer_sends(syn().mss(1460).wscale(7).sack_ok().ts(100'000, 0));
            return c.expects(syn_ack().seq(0));
        case connection_state::established:
            return c.establish();
        case connection_state::fin_wait_1:
            c.establish();
            return our_fin(c);
        case connection_state::fin_wait_2:
            drive(c, connection_state::fin_wait_1);
            c.peer_sends(ack());
            return;
        case connection_state::close_wait:
            c.establish();
            return peer_fin(c, fin());
        case connection_state::closing:
            drive(c, connection_state::fin_wait_1);
            return peer_fin(c, fin().ack(1));
        case connection_state::last_ack:
            drive(c, connection_state::close_wait);
            return our_fin(c);
    }
}

}  // namespace

std::unique_ptr<conversation> conversation_in(connection_state s, conversation_options o) {
    auto c = std::make_unique<conversation>(std::move(o));
    drive(*c, s);
    c->in_state(s);
    c->forget_events();
    return c;
}

}  // namespace millrace::tcp::script
