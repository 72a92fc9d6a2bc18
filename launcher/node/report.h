#ifndef LAUNCHER_NODE_REPORT_H_
#define LAUNCHER_NODE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "node/nodes.h"
#include "os/usage_summary.h"
#include "spec/spec.h"

namespace launcher {

/// How a job or a step ended, in Slurm's words.
struct Outcome {
  std::string state = "COMPLETED";  ///< COMPLETED, FAILED, TIMEOUT, CANCELLED, NODE_FAIL
  std::string reason = "None";      ///< NonZeroExitCode, TimeLimit, ...
  int code = 0;                     ///< exit code
  int signal = 0;                   ///< signal that ended it
};

/// Why a job ended that was sent TERM from outside: only the login side knows whether somebody wanted that.
constexpr const char* kTerminatedReason = "Terminated";

/// The outcome of a process: COMPLETED, or FAILED with its code or signal.
Outcome OutcomeOf(int wait_status);

/// A step as its report says it. One without end is running.
struct StepReport {
  int step = 0;
  std::string name;
  std::string nodes;  ///< folded
  int tasks = 0;
  int cpus = 0;
  int gpus = 0;
  int64_t memory_mib = 0;  ///< 0: it has not asked for any
  std::string distribution;   ///< as SLURM_DISTRIBUTION spells it
  int64_t limit_seconds = 0;  ///< 0: the job's
  std::string srun;           ///< host and process id, "n1:77"; empty: not known
  double start = 0;   ///< unix seconds
  std::optional<double> end;
  Outcome outcome;
};

/// "RaisedSignal:9(Killed)", as Slurm gives the reason.
std::string SignalReason(int signal);

/// Writes reports (docs/protocol.md §5): one line, one write, under a kilobyte, with a MAC. Says nothing
/// for a spec without submission and secret.
class Reporter {
 public:
  Reporter(const LaunchSpec& spec, const Place& place);

  void Start();
  void Step(const StepReport& step);
  /// What the tasks of a step, or the batch script ("batch"), have used; before its end is reported.
  void Used(const std::string& step, const UsageSummary& usage);
  /// Of what is no step of its own, only the job's sums tell.
  void Count(const UsageSummary& usage);
  /// Of a rank besides the first that failed by itself; role `exec` only.
  void Rank(const Outcome& outcome);
  /// Of role `exec`, `ranks` is how many there are: the first one's end is then not the job's.
  void End(const Outcome& outcome, int ranks = 1);

 private:
  /// Those of the batch script's files whose directories this node does not see: "out", "err", "out,err"; "" for none.
  std::string StreamsInLog() const;
  void Write(const std::string& json, bool to_log) const;

  const LaunchSpec& spec_;
  const Place& place_;
  double start_;  ///< when it has begun; of a job that never did, when launch started
  int64_t cpu_ms_ = 0;          ///< of all that was told of by Usage
  int64_t system_ms_ = 0;
  int64_t resident_bytes_ = 0;  ///< of the step that had most
};

/// Unix seconds.
double Now();

}  // namespace launcher

#endif  // LAUNCHER_NODE_REPORT_H_
