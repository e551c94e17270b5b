// What people write: settings in YAML and as flags, quantities with units, addresses, devices. All of it is
// taken or refused with a sentence, and what is taken can be written down and read again.
#include "core/config.hh"

#include "apps/kv/settings.hh"
#include "apps/perf/settings.hh"
#include "core/options/file.hh"
#include "core/options/reader.hh"
#include "core/shard.hh"
#include "net/dpdk/device_spec.hh"
#include "net/dpdk_device.hh"
#include "net/endpoint.hh"
#include "tcp/service/options.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace millrace::fuzz {
namespace {

// Every key of the services, and of millrace-kv or millrace-perf.
struct program {
    explicit program(bool is_perf) {
        tcp::declare(schema, service, true);
        if (is_perf)
            perf::declare(schema, load, true);
        else
            kv::declare(schema, store);
    }
    // What is made of the settings once they are accepted.
    void use() const {
        (void)tcp::cpus_of(schema, service);
        (void)tcp::interface_config_of(schema, service);
        (void)tcp::native_settings_of(service);
        (void)tcp::listen_options_of(service);
        (void)tcp::idle_policy_of(service);
        (void)tcp::device_options_of(schema, service);
    }

    tcp::service_options service;
    kv::settings store;
    perf::settings load;
    config_schema schema{"program", "does things"};
};

// Refused with one line, or done.
template <typename Refusal, typename F>
bool is_taken(F&& f) {
    try {
        f();
        return true;
    } catch (const Refusal& e) {
        const std::string_view why = e.what();
        require(why.find(' ') != why.npos, fmt::format("refused without a sentence: '{}'", why));
        return false;
    }
}

void check_file(input& in) {
    program p(in.flag());
    config_reader reader(p.schema);
    (void)is_taken<config_error>([&] {
        read_config_text("file.yaml", std::string(in.rest()), reader);
        reader.assign_all();
        p.use();
    });
}

void check_flags(input& in) {
    program p(in.flag());
    std::vector<std::string> words;
    for (std::string_view rest = in.rest(); !rest.empty();) {
        const size_t n = std::min(rest.find('\n'), rest.size());
        words.emplace_back(rest.substr(0, n));
        rest.remove_prefix(std::min(n + 1, rest.size()));
        if (words.back().starts_with("--config")) words.pop_back();  // opens files
    }
    std::vector<const char*> arguments{"program"};
    for (const auto& w : words) arguments.push_back(w.c_str());
    is_taken<config_error>([&] {
        const auto outcome = p.schema.parse(int(arguments.size()), arguments.data());
        if (outcome == config_outcome::run) p.use();
    });
}

template <typename Parse, typename Format>
void check_quantity(const std::string& text, Parse parse, Format format) {
    is_taken<std::invalid_argument>([&] {
        const auto value = parse(text);
        require(parse(format(value)) == value, "a quantity that reads back differently");
    });
}

template <typename T>
void check_address(const std::string& text) {
    const result<T> a = T::parse(text);
    if (!a) return;
    const result<T> again = T::parse(to_string(*a));
    require(again && *again == *a, "an address that reads back differently");
}

void check_words(input& in) {
    const std::string_view rest = in.rest();
    const std::string text(rest.substr(0, rest.find('\0')));  // as the system hands it over
    check_quantity(text, parse_count, [](uint64_t n) { return std::to_string(n); });
    check_quantity(text, parse_duration, format_duration);
    check_quantity(text, parse_bytes, format_bytes);
    check_quantity(text, parse_rate, format_rate);
    check_address<net::mac_address>(text);
    check_address<net::ipv4_address>(text);
    check_address<net::ipv6_address>(text);
    check_address<net::ip_address>(text);
    check_address<net::prefix>(text);
    check_address<net::endpoint>(text);
    is_taken<std::invalid_argument>([&] { (void)parse_cpus(text); });
    is_taken<net::device_error>([&] {
        const auto spec = net::parse_device_spec(text, {.queues = 2});
        require(spec.text == text, "a device that was named otherwise");
    });
}

}  // namespace

void run_config(std::span<const uint8_t> bytes) {
    input in(bytes);
    switch (in.below(3)) {
        case 0:
            return check_file(in);
        case 1:
            return check_flags(in);
        case 2:
            return check_words(in);
    }
}

}  // namespace millrace::fuzz
