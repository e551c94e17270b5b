#include "tcp/segment/flags.hh"

namespace millrace::tcp {

std::string flags::to_string() const {
    static constexpr struct {
        bit which;
        char letter;
    } letters[] = {{fin, 'F'}, {syn, 'S'}, {rst, 'R'}, {psh, 'P'}, {ack, '.'},
                   {urg, 'U'}, {ece, 'E'}, {cwr, 'W'}, {ae, 'e'}};
    std::string s;
    for (auto [which, letter] : letters)
        if (has(which)) s += letter;
    return s.empty() ? "none" : s;
}

}  // namespace millrace::tcp
