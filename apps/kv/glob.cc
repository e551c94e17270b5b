// Redis's glob patterns.
#include "apps/kv/connection_commands.hh"

namespace millrace::kv {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}

// Whether `c` is in the class behind the '[' at the front of `pattern`, which is cut off.
bool in_class(std::string_view& pattern, char c) {
    pattern.remove_prefix(1);
    bool inverted = pattern.starts_with('^'), found = false;
    if (inverted) pattern.remove_prefix(1);
    while (!pattern.empty() && pattern.front() != ']') {
        if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
        char first = lower(pattern.front()), last = first;
        if (pattern.size() >= 3 && pattern[1] == '-' && pattern[2] != ']') {
            last = lower(pattern[2]);
            pattern.remove_prefix(2);
        }
        pattern.remove_prefix(1);
        found |= std::min(first, last) <= c && c <= std::max(first, last);
    }
    if (!pattern.empty()) pattern.remove_prefix(1);
    return found != inverted;
}

// Whether the front of `pattern`, which is no star, matches `c`; it is cut off.
bool take_one(std::string_view& pattern, char c) {
    if (pattern.front() == '[') return in_class(pattern, lower(c));
    if (pattern.front() == '\\' && pattern.size() > 1)
        pattern.remove_prefix(1);
    else if (pattern.front() == '?')
        return pattern.remove_prefix(1), true;
    bool same = lower(pattern.front()) == lower(c);
    pattern.remove_prefix(1);
    return same;
}

}  // namespace

// Only the last star is ever reconsidered: linear in the product of both lengths, whatever the pattern.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept {
    std::string_view behind_star, text_at_star;
    bool starred = false;
    for (;;) {
        if (pattern.starts_with('*')) {
            pattern.remove_prefix(1);
            starred = true;
            behind_star = pattern;
            text_at_star = text;
            continue;
        }
        if (text.empty() && pattern.empty()) return true;
        if (!text.empty() && !pattern.empty() && take_one(pattern, text.front())) {
            text.remove_prefix(1);
            continue;
        }
        if (!starred || text_at_star.empty()) return false;
        text_at_star.remove_prefix(1);
        pattern = behind_star;
        text = text_at_star;
    }
}

}  // namespace millrace::kv
