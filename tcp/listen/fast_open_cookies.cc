#include "tcp/listen/fast_open_cookies.hh"

#include "tcp/listen/four_tuple.hh"

#include <algorithm>
#include <cstring>
#include <span>

namespace millrace::tcp {

fast_open_cookies::fast_open_cookies(const siphash_key& secret, duration lifetime) noexcept
    : secret_(secret), lifetime_(std::max(lifetime, duration(std::chrono::seconds(1)))) {}

uint64_t fast_open_cookies::period_of(time_point t) const noexcept {
    return uint64_t(t.time_since_epoch() / lifetime_);
}

fast_open_cookie fast_open_cookies::make(const net::ip_address& local, const net::ip_address& remote,
                                         uint64_t period) const noexcept {
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(&period), sizeof period);
    const siphash_key key{siphash(secret_, bytes), siphash({~secret_[0], secret_[1]}, bytes)};
    const uint64_t hash = siphash(key, packed_tuple({.local = {local, 0}, .remote = {remote, 0}}).bytes);
    fast_open_cookie c;
    c.size = sizeof hash;
    std::memcpy(c.bytes.data(), &hash, sizeof hash);
    return c;
}

fast_open_cookie fast_open_cookies::make(const net::ip_address& local, const net::ip_address& remote,
                                         time_point now) const noexcept {
    return make(local, remote, period_of(now));
}

fast_open_cookies::verdict fast_open_cookies::check(const net::ip_address& local,
                                                    const net::ip_address& remote,
                                                    const fast_open_cookie& cookie,
                                                    time_point now) const noexcept {
    if (cookie.size != sizeof(uint64_t)) return verdict::bad;
    const uint64_t current = period_of(now);
    if (cookie == make(local, remote, current)) return verdict::good;
    return current > 0 && cookie == make(local, remote, current - 1) ? verdict::old : verdict::bad;
}

}  // namespace millrace::tcp
