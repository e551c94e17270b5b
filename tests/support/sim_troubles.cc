#include "tests/support/sim_troubles.hh"

#include <algorithm>

namespace millrace::test {

std::string trouble_set::to_string() const {
    std::string s;
    for (size_t i = 0; i < trouble_names.size(); ++i)
        if (has(trouble(i))) s.append(s.empty() ? "" : ",").append(trouble_names[i]);
    return s;
}

std::optional<trouble_set> trouble_set::parse(std::string_view names) {
    trouble_set all;
    while (!names.empty()) {
        const std::string_view one = names.substr(0, names.find(','));
        names.remove_prefix(std::min(one.size() + 1, names.size()));
        const auto found = std::ranges::find(trouble_names, one);
        if (found == trouble_names.end()) return std::nullopt;
        all = all.with(trouble(found - trouble_names.begin()));
    }
    return all;
}

void leave_out(trouble_set t, net::wire_options& from) noexcept {
    if (t.has(trouble::jitter)) from.jitter = duration(0);
    if (t.has(trouble::loss)) from.loss = 0;
    if (t.has(trouble::reorder)) from.reorder = 0;
    if (t.has(trouble::duplicate)) from.duplicate = 0;
    if (t.has(trouble::corrupt)) from.corrupt = 0;
    if (t.has(trouble::marks)) from.mark = 0, from.mark_packets = 0;
    if (t.has(trouble::rate)) from.rate_bps = 0;
}

}  // namespace millrace::test
