#include "os/loop.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "text/error.h"

namespace launcher {

int64_t MonotonicMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

void Loop::ForgetRead(int fd) {
  const auto watch = watches_.find(fd);
  if (watch == watches_.end()) return;
  watch->second.read = nullptr;
  if (!watch->second.write) watches_.erase(watch);
}

void Loop::ForgetWrite(int fd) {
  const auto watch = watches_.find(fd);
  if (watch == watches_.end()) return;
  watch->second.write = nullptr;
  if (!watch->second.read) watches_.erase(watch);
}

Loop::TimerId Loop::After(double seconds, Callback callback) {
  const TimerId id = next_timer_++;
  timers_[id] = Timer{MonotonicMs() + static_cast<int64_t>(seconds * 1000), std::move(callback)};
  return id;
}

int Loop::WaitMs() const {
  if (!later_.empty()) return 0;
  int64_t wait = -1;
  const int64_t now = MonotonicMs();
  for (const auto& [id, timer] : timers_) {
    const int64_t left = std::max<int64_t>(0, timer.due_ms - now);
    wait = wait < 0 ? left : std::min(wait, left);
  }
  return static_cast<int>(std::min<int64_t>(wait, 1000 * 1000));
}

void Loop::RunTimers() {
  const int64_t now = MonotonicMs();
  std::vector<TimerId> due;
  for (const auto& [id, timer] : timers_) {
    if (timer.due_ms <= now) due.push_back(id);
  }
  for (const TimerId id : due) {
    const auto timer = timers_.find(id);
    if (timer == timers_.end()) continue;  // an earlier one cancelled it
    const Callback callback = std::move(timer->second.callback);
    timers_.erase(timer);
    callback();
  }
}

void Loop::RunLater() {
  while (!later_.empty()) {
    std::vector<Callback> callbacks;
    callbacks.swap(later_);
    for (const Callback& callback : callbacks) callback();
  }
}

void Loop::Run() {
  std::vector<pollfd> polled;
  while (!stopped_) {
    polled.clear();
    for (const auto& [fd, watch] : watches_) {
      const int events = (watch.read ? POLLIN : 0) | (watch.write ? POLLOUT : 0);
      polled.push_back(pollfd{fd, static_cast<short>(events), 0});
    }
    if (poll(polled.data(), polled.size(), WaitMs()) < 0 && errno != EINTR) {
      throw LaunchError(std::string("cannot wait for events: ") + std::strerror(errno), 1);
    }
    for (const pollfd& event : polled) {
      // Callbacks are copied: they may forget themselves while they run.
      if (event.revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) {
        const auto watch = watches_.find(event.fd);
        if (watch != watches_.end() && watch->second.read) Callback(watch->second.read)();
      }
      if (event.revents & (POLLOUT | POLLHUP | POLLERR | POLLNVAL)) {
        const auto watch = watches_.find(event.fd);
        if (watch != watches_.end() && watch->second.write) Callback(watch->second.write)();
      }
    }
    RunTimers();
    RunLater();
  }
}

}  // namespace launcher
