#include "apps/perf/bare_link.hh"

#include "core/cycles.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>

namespace millrace::perf {

namespace {

// In network order, as they stand in a frame.
constexpr std::array<uint8_t, 2> type_reflect = {0x88, 0xb5};
constexpr std::array<uint8_t, 2> type_swallow = {0x88, 0xb6};
constexpr size_t type_offset = 12;
constexpr size_t filling_offset = 14;
constexpr size_t mac_bytes = 6;

bool has_type(const net::packet& p, const std::array<uint8_t, 2>& type) noexcept {
    return p.head.size() >= bare_header &&
           std::memcmp(p.head.data() + type_offset, type.data(), type.size()) == 0;
}

void swap_addresses(net::packet& p) noexcept {
    std::array<char, mac_bytes> destination;
    char* frame = p.head.mutable_data();
    std::memcpy(destination.data(), frame, mac_bytes);
    std::memmove(frame, frame + mac_bytes, mac_bytes);
    std::memcpy(frame + mac_bytes, destination.data(), mac_bytes);
}

double per_second(uint64_t n, const bare_figures& f) {
    return f.measured <= duration::zero() ? 0 : double(n) / std::chrono::duration<double>(f.measured).count();
}
double cycles_per_frame(const bare_figures& f) {
    const uint64_t frames = std::max(f.received, f.sent);
    return frames == 0 ? 0 : double(f.busy_cycles) / double(frames);
}

}  // namespace

size_t bare_end::offer(std::span<net::packet> frames) noexcept {
    size_t bytes = 0;
    for (const net::packet& p : frames) bytes += p.head.size();
    const size_t taken = queue_.transmit(frames);
    for (const net::packet& p : frames.subspan(taken)) bytes -= p.head.size();
    figures_.sent += taken;
    figures_.sent_bytes += bytes;
    figures_.rejected += frames.size() - taken;
    return taken;
}

size_t bare_end::send(std::span<net::packet> frames) noexcept {
    const size_t taken = offer(frames);
    for (net::packet& p : frames.subspan(taken)) p.head = buffer();
    return taken;
}

bool reflector::turn() noexcept {
    const uint64_t begin = read_cycles();
    const size_t n = queue_.receive(burst_);
    if (n == 0) return false;
    const std::span frames(burst_.data(), n);
    for (const net::packet& p : frames) figures_.received_bytes += p.head.size();
    figures_.received += n;
    // Generators do one thing at a time.
    if (has_type(frames[0], type_reflect)) {
        for (net::packet& p : frames)
            if (p.head.size() >= bare_header) swap_addresses(p);
        send(frames);
    } else {
        figures_.foreign += has_type(frames[0], type_swallow) ? 0 : n;
        for (net::packet& p : frames) p.head = buffer();
    }
    figures_.busy_cycles += read_cycles() - begin;
    return true;
}

// Frames for burst_[from, to), as many as there are buffers for; where they end.
size_t generator::fresh(size_t from, size_t to) noexcept {
    for (size_t i = from; i < to; ++i) {
        net::packet& p = burst_[i];
        p.head = queue_.allocate();
        if (p.head.tailroom() < frame_) return i;
        char* frame = p.head.append(frame_);
        std::memset(frame, 0xff, mac_bytes);  // whoever is at the other end
        std::memcpy(frame + mac_bytes, mac_.bytes().data(), mac_bytes);
        std::memcpy(frame + type_offset, (bulk_ ? type_swallow : type_reflect).data(), 2);
        frame[filling_offset] = filling_;
    }
    return to;
}

bool generator::turn() noexcept {
    const uint64_t begin = read_cycles();
    const bool worked = bulk_ ? one_way() : round_trips();
    if (worked) figures_.busy_cycles += read_cycles() - begin;
    return worked;
}

bool generator::round_trips() noexcept {
    const size_t n = queue_.receive(burst_);
    if (n == 0) return false;
    size_t ours = 0;
    for (size_t i = 0; i < n; ++i) {
        if (!has_type(burst_[i], type_reflect) || burst_[i].head.size() < frame_) {
            ++figures_.foreign;
            burst_[i].head = buffer();
            continue;
        }
        if (burst_[i].head.data()[filling_offset] != filling_) {
            ++figures_.late;
            burst_[i].head = buffer();
            continue;
        }
        if (i != ours) std::swap(burst_[i], burst_[ours]);
        swap_addresses(burst_[ours++]);
    }
    figures_.received += ours;
    figures_.received_bytes += ours * frame_;
    on_their_way_ -= std::min(ours, on_their_way_);
    on_their_way_ += send({burst_.data(), ours});
    return true;
}

// What the device refuses is offered again: nothing is made in vain, and a look at a full queue is no work on
// the frames that go.
bool generator::one_way() noexcept {
    const size_t n = fresh(refused_, burst);
    const size_t taken = n > 0 ? offer({burst_.data(), n}) : 0;
    refused_ = n - taken;
    if (taken > 0)
        for (size_t i = 0; i < refused_; ++i) burst_[i].head = std::move(burst_[taken + i].head);
    const size_t came = queue_.receive(came_);  // as some devices want to be asked before they move
    for (net::packet& p : std::span(came_.data(), came)) p.head = buffer();
    return taken > 0;
}

void generator::refill() noexcept {
    if (bulk_) return;
    figures_.lost += on_their_way_;
    on_their_way_ = 0;
    ++filling_;
    while (on_their_way_ < window_) {
        const size_t n = fresh(0, std::min(burst, window_ - on_their_way_));
        const size_t taken = send({burst_.data(), n});
        on_their_way_ += taken;
        if (taken == 0 || n == 0) return;
    }
}

std::string to_text(const bare_figures& f, bool bulk, size_t frame, size_t window) {
    if (f.measured <= duration::zero()) return {};
    std::string out =
        bulk ? fmt::format("bare link, frames of {} bytes one way, {:.2f} s\n  {:.0f} frames/s", frame,
                           std::chrono::duration<double>(f.measured).count(), per_second(f.sent, f))
             : fmt::format(
                   "bare link, frames of {} bytes, {} on their way, {:.2f} s\n"
                   "  {:.0f} round trips/s",
                   frame, window, std::chrono::duration<double>(f.measured).count(),
                   per_second(f.received, f));
    fmt::format_to(
        std::back_inserter(out),
        ", {:.3f} Gbit/s, {:.0f} busy cycles a frame\n  {} rejected, {} lost, {} late, {} foreign\n",
        per_second(bulk ? f.sent_bytes : f.received_bytes, f) * 8e-9, cycles_per_frame(f), f.rejected, f.lost,
        f.late, f.foreign);
    return out;
}

std::string to_json(const bare_figures& f, bool bulk, size_t frame, size_t window, std::string_view error) {
    return fmt::format(
        R"({{"workload":"{}","frame":{},"window":{},"seconds":{:.6f},"frames_per_second":{:.1f},)"
        R"("gbit_per_second":{:.6f},"busy_cycles_per_frame":{:.1f},"received":{},"sent":{},"rejected":{},)"
        R"("lost":{},"late":{},"foreign":{},"partial":{},"error":"{}"}})"
        "\n",
        bulk ? "bare-link-bulk" : "bare-link", frame, window,
        std::chrono::duration<double>(f.measured).count(), per_second(bulk ? f.sent : f.received, f),
        per_second(bulk ? f.sent_bytes : f.received_bytes, f) * 8e-9, cycles_per_frame(f), f.received, f.sent,
        f.rejected, f.lost, f.late, f.foreign, !error.empty(), error);
}

}  // namespace millrace::perf
