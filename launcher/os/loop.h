#ifndef LAUNCHER_OS_LOOP_H_
#define LAUNCHER_OS_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace launcher {

/// One thread's event loop: callbacks for descriptors and times. A callback may watch and forget
/// whatever it likes, itself included; objects that callbacks belong to are best deleted by Later.
class Loop {
 public:
  using Callback = std::function<void()>;
  using TimerId = uint64_t;

  void WatchRead(int fd, Callback callback) { watches_[fd].read = std::move(callback); }
  void WatchWrite(int fd, Callback callback) { watches_[fd].write = std::move(callback); }
  void ForgetRead(int fd);
  void ForgetWrite(int fd);
  void Forget(int fd) { watches_.erase(fd); }

  /// Calls back once, `seconds` from now.
  TimerId After(double seconds, Callback callback);
  void Cancel(TimerId id) { timers_.erase(id); }

  /// Calls back once, after the events that are at hand.
  void Later(Callback callback) { later_.push_back(std::move(callback)); }

  /// Runs until Stop.
  void Run();
  void Stop() { stopped_ = true; }

 private:
  struct Watch {
    Callback read;
    Callback write;
  };
  struct Timer {
    int64_t due_ms;
    Callback callback;
  };

  int WaitMs() const;
  void RunTimers();
  void RunLater();

  std::map<int, Watch> watches_;
  std::map<TimerId, Timer> timers_;
  std::vector<Callback> later_;
  TimerId next_timer_ = 1;
  bool stopped_ = false;
};

/// Milliseconds on a clock that never goes back.
int64_t MonotonicMs();

}  // namespace launcher

#endif  // LAUNCHER_OS_LOOP_H_
