#include "tests/fuzz/mutator.hh"

#include <algorithm>
#include <iterator>

namespace millrace::fuzz {

std::string mutator::next() {
    std::string s = kept_[random_.below(kept_.size())];
    for (uint64_t n = 1 + random_.below(6); n > 0; --n) mutate(s);
    s.resize(std::min(s.size(), longest_));
    return s;
}

std::string mutator::noise(size_t size) {
    std::string s(size, '\0');
    for (char& c : s) c = char(random_.next());
    return s;
}

void mutator::mutate(std::string& s) {
    static constexpr unsigned char edges[] = {0, 1, 2, 4, 8, 0x7f, 0x80, 0xff, '\r', '\n', '0', '-'};
    const size_t at = place(s);
    const size_t some = random_.below(16);
    if (at < s.size()) {
        switch (random_.below(3)) {
            case 0:
                s[at] ^= char(1u << random_.below(8));
                return;
            case 1:
                s[at] = char(random_.next());
                return;
            case 2:
                s[at] = char(edges[random_.below(std::size(edges))]);
                break;
        }
    }
    switch (random_.below(5)) {
        case 0:
            s.erase(at, some);
            break;
        case 1:
            s.insert(at, noise(some));
            break;
        case 2:  // again what stands there
            s.insert(place(s), s.substr(at, some * 4));
            break;
        case 3: {  // the end of another
            const std::string& other = kept_[random_.below(kept_.size())];
            s = s.substr(0, at) + other.substr(std::min(place(other), other.size()));
            break;
        }
        case 4:
            if (random_.below(4) == 0) s.resize(at);
            break;
    }
}

}  // namespace millrace::fuzz
