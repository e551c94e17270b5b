// poller: what a reactor asks for work at the beginning of every turn, such as a network interface.
#pragma once

#include "core/time.hh"

namespace millrace {

class poller {
 public:
    // Takes what has arrived, a bounded batch of it. True if there was anything.
    virtual bool poll() noexcept = 0;
    // After the turn's tasks: sends on what they left.
    virtual void flush() noexcept {}

    // Idle. A descriptor that becomes readable when there is work, once prepare_sleep() was called; -1 if
    // there is none. Asked once, when the poller is added.
    virtual int wakeup_fd() const noexcept { return -1; }
    // The shard is about to sleep. False if there is work after all.
    virtual bool prepare_sleep() noexcept { return true; }
    // Follows every prepare_sleep() that said yes, whether the shard slept or not.
    virtual void woke() noexcept {}
    // How long the shard may sleep without looking: short for what has no descriptor.
    virtual duration max_sleep() const noexcept { return duration::max(); }

 protected:
    ~poller() = default;
};

}  // namespace millrace
