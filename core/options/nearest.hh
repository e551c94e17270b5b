// The word that somebody who mistyped may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// The least number of letters inserted, deleted or replaced that turns one word into the other (Levenshtein).
size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `words`, or an empty string if none is near enough to be meant. A word that ends in
// ".typed" or "-typed" counts as near: a section forgotten.
std::string nearest_word(std::string_view typed, const std::vector<std::string>& words);

}  // namespace millrace
