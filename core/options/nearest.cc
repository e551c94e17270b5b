#include "core/options/nearest.hh"

#include <algorithm>
#include <numeric>

namespace millrace {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t(0));
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

std::string nearest_word(std::string_view typed, const std::vector<std::string>& words) {
    constexpr size_t longest_typed = 64;  // longer ones are no typing mistake, and cost quadratic time
    if (typed.empty() || typed.size() > longest_typed) return {};
    std::string best;
    size_t best_distance = std::max<size_t>(1, typed.size() / 3) + 1;
    for (const auto& word : words) {
        bool section_forgotten =
            word.size() > typed.size() + 1 && word.ends_with(typed) &&
            std::string_view(".-").find(word[word.size() - typed.size() - 1]) != std::string_view::npos;
        size_t distance = section_forgotten ? 1 : edit_distance(typed, word);
        if (distance < best_distance) {
            best = word;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace millrace
