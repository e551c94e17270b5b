// Capture files of frames, as Wireshark and tcpdump read and write them (pcap with nanoseconds, Ethernet).
#pragma once

#include "core/time.hh"
#include "net/packet.hh"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::net {

class pcap_writer {
 public:
    // Creates or empties the file. Throws std::system_error if that fails. Frames are cut at `snap_length`
    // bytes.
    explicit pcap_writer(const std::string& path, uint32_t snap_length = 65535);

    // A failed write (disk full) ends the capture: later frames are not written, and failed() is true.
    void write(time_point at, const packet& frame) noexcept;
    void flush() noexcept;
    bool failed() const noexcept { return failed_; }
    uint64_t frames() const noexcept { return frames_; }

 private:
    void put(const void* bytes, size_t size) noexcept;

    struct closer {
        void operator()(std::FILE* f) const noexcept { std::fclose(f); }
    };
    std::unique_ptr<std::FILE, closer> file_;
    uint32_t snap_length_;
    uint64_t frames_ = 0;
    bool failed_ = false;
};

struct pcap_frame {
    time_point at;    // as the file counts: from the epoch, or from what the writer began with
    uint32_t length;  // on the wire; bytes.size() is what was captured of it
    buffer bytes;
};

// Reads the classic format in either byte order, with micro- or nanoseconds.
class pcap_reader {
 public:
    // Throws std::system_error if the file cannot be opened or is not a capture of Ethernet frames.
    explicit pcap_reader(const std::string& path);

    // The next frame; none at the end. Throws std::system_error if the file is cut off or damaged.
    std::optional<pcap_frame> next();

 private:
    uint32_t number(uint32_t as_stored) const noexcept;

    struct closer {
        void operator()(std::FILE* f) const noexcept { std::fclose(f); }
    };
    std::unique_ptr<std::FILE, closer> file_;
    std::string path_;
    bool swapped_ = false;
    bool nanoseconds_ = true;
};

}  // namespace millrace::net
