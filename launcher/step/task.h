#ifndef LAUNCHER_STEP_TASK_H_
#define LAUNCHER_STEP_TASK_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "os/loop.h"
#include "os/pseudo_terminal.h"
#include "os/supervisor.h"
#include "os/usage_sampler.h"

namespace launcher {

/// One task of a step on this node: its process, with a prolog before and an epilog behind it, and its streams.
class Task {
 public:
  struct Hooks {
    std::function<void(int stream, std::string_view bytes)> output;  ///< stream 1 or 2
    std::function<bool()> is_full;                                   ///< output waits while this holds, until Resume
    std::function<void()> input_taken;                               ///< taken() has grown
    std::function<void(int wait_status)> ended;                      ///< once, behind its last output
  };

  /// How it is to start; `process` is without its streams.
  struct Plan {
    SpawnPlan process;
    bool has_input = false;
    bool has_output = true;
    bool has_terminal = false;  ///< in place of pipes; it has input and output then
    WindowSize window;          ///< of the terminal
    std::string prolog;     ///< a program that runs before it and may change its environment; empty: none
    std::string epilog;     ///< a program that runs behind it; empty: none
    std::string node_name;  ///< for what slurmstepd would say
    std::function<std::string(pid_t)> preamble;  ///< what is said of how it is bound, on its standard error before its own words
  };

  /// `loop`, `supervisor` and `sampler` must outlive it.
  Task(Loop* loop, Supervisor* supervisor, UsageSampler* sampler, int id, Hooks hooks);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task();

  void Start(Plan plan);

  /// Standard input; no bytes: its end.
  void Input(std::string_view bytes);
  /// Input that is another task's.
  void SkipInput(size_t bytes);
  /// Bytes of the share's input that it has taken, or never will.
  size_t taken() const { return taken_; }

  /// The window that its terminal is shown in.
  void Resize(const WindowSize& size);

  /// To the process group of what runs now: the task, or the program before it; what runs behind it is killed only.
  void Signal(int signal);
  void Resume();

  int id() const { return id_; }
  const Usage& used() const { return used_; }  ///< by a task that has ended, without what ran before and behind it
  pid_t pid() const { return phase_ == Phase::kTask ? pid_ : -1; }  ///< -1: it does not run

 private:
  struct Stream {
    UniqueFd fd;
    bool is_done = false;
  };
  enum class Phase { kProlog, kTask, kEpilog, kOver };

  void Begin(void (Task::*phase)());
  void StartProlog();
  void ReadProlog();
  void OnPrologExit(int wait_status);
  void StartProcess();
  void StartEpilog();
  void OnExit(int wait_status);
  void OnEpilogExit(int wait_status);
  void End();
  Spawned StartProgram(const SpawnPlan& plan, void (Task::*on_exit)(int));
  void Say(const std::string& line);

  bool OpenInAndOut(Pipe* in, Pipe* out);
  void OpenStreams(Pipe* out, Pipe* err);
  void WatchStream(int stream);
  void ReadStream(int stream);
  void Drain(int stream);
  void CloseStream(int stream);
  void WriteInput();
  void CloseInput();
  void ReportIfOver();

  Loop* loop_;
  Supervisor* supervisor_;
  UsageSampler* sampler_;
  int id_;
  Hooks hooks_;
  Plan plan_;
  std::shared_ptr<bool> alive_;  ///< false once destroyed: callbacks that come later must not touch this
  Phase phase_ = Phase::kProlog;
  pid_t pid_ = -1;               ///< of what runs now, -1: nothing
  UniqueFd prolog_output_;
  std::string prolog_words_;
  UniqueFd write_err_;           ///< what the epilog writes its errors to
  UniqueFd in_;
  std::string pending_in_;
  size_t taken_ = 0;
  bool end_of_input_ = false;
  Stream streams_[2];
  bool is_reported_ = false;
  int wait_status_ = 0;
  Usage used_;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_TASK_H_
