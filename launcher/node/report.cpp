#include "node/report.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "node/batch_streams.h"
#include "os/fd.h"
#include "text/hex.h"
#include "text/hostlist.h"
#include "text/sha256.h"

namespace launcher {
namespace {

constexpr size_t kMostLine = 1023;
constexpr size_t kMostName = 64;
constexpr size_t kMostNodes = 400;

/// `text` as a JSON string; a control character or a byte that is not ASCII as `?`, which is enough for names.
std::string Quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c < 0x20 || c > 0x7e ? '?' : c;
  }
  return quoted + "\"";
}

/// A JSON object, member by member.
class JsonObject {
 public:
  JsonObject& Text(const char* key, const std::string& value) { return Raw(key, Quote(value)); }
  JsonObject& Number(const char* key, long value) { return Raw(key, std::to_string(value)); }
  JsonObject& Time(const char* key, double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", value);
    return Raw(key, text);
  }
  std::string Done() const { return text_ + "}"; }
  JsonObject& Raw(const char* key, const std::string& value) {
    text_ += (text_.size() > 1 ? ",\"" : "\"") + std::string(key) + "\":" + value;
    return *this;
  }

 private:
  std::string text_ = "{";
};

}  // namespace

double Now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string SignalReason(int signal) {
  std::string description = strsignal(signal);
  for (char& c : description) c = c == ' ' ? '_' : c;
  return "RaisedSignal:" + std::to_string(signal) + "(" + description + ")";
}

Outcome OutcomeOf(int wait_status) {
  Outcome outcome;
  if (WIFSIGNALED(wait_status)) {
    outcome.signal = WTERMSIG(wait_status);
  } else {
    outcome.code = WEXITSTATUS(wait_status);
  }
  if (outcome.code != 0 || outcome.signal != 0) {
    outcome.state = "FAILED";
    outcome.reason = outcome.signal != 0 ? SignalReason(outcome.signal) : "NonZeroExitCode";
  }
  return outcome;
}

Reporter::Reporter(const LaunchSpec& spec, const Place& place) : spec_(spec), place_(place), start_(Now()) {}

void Reporter::Start() {
  start_ = Now();
  JsonObject json;
  json.Text("event", "start").Text("submission", spec_.submission).Number("node", place_.node);
  const std::string nodes = FoldHosts(place_.names);
  if (nodes.size() <= kMostNodes) json.Text("nodes", nodes);
  json.Text("launch", LAUNCHER_VERSION).Number("pid", getpid());
  const std::string logged = StreamsInLog();
  if (!logged.empty()) json.Text("log", logged);
  json.Time("time", start_);
  Write(json.Done(), true);
}

void Reporter::Step(const StepReport& step) {
  JsonObject json;
  json.Text("event", "step").Text("submission", spec_.submission).Number("step", step.step);
  json.Text("name", step.name.substr(0, kMostName));
  if (step.nodes.size() <= kMostNodes) json.Text("nodes", step.nodes);
  json.Number("tasks", step.tasks).Number("cpus", step.cpus);
  if (step.gpus > 0) json.Number("gpus", step.gpus);
  if (step.memory_mib > 0) json.Number("memory", step.memory_mib);
  json.Text("distribution", step.distribution);
  if (step.limit_seconds > 0) json.Number("limit", step.limit_seconds);
  if (!step.srun.empty()) json.Text("srun", step.srun.substr(0, kMostName));
  json.Time("start", step.start);
  if (step.end) json.Time("end", *step.end).Number("code", step.outcome.code).Number("signal", step.outcome.signal);
  Write(json.Text("state", step.end ? step.outcome.state : "RUNNING").Done(), false);
}

void Reporter::Used(const std::string& step, const UsageSummary& usage) {
  if (usage.is_empty()) return;
  Count(usage);
  JsonObject json;
  json.Text("event", "usage").Text("submission", spec_.submission).Text("step", step);
  Write(json.Raw("usage", usage.Json()).Done(), false);
}

void Reporter::Count(const UsageSummary& usage) {
  cpu_ms_ += usage.cpu_ms();
  system_ms_ += usage.system_ms();
  resident_bytes_ = std::max(resident_bytes_, usage.resident_bytes());
}

void Reporter::Rank(const Outcome& outcome) {
  JsonObject json;
  json.Text("event", "rank").Text("submission", spec_.submission).Number("rank", place_.rank);
  json.Text("name", place_.name().substr(0, kMostName));
  json.Number("code", outcome.code).Number("signal", outcome.signal);
  Write(json.Time("end", Now()).Done(), true);
}

void Reporter::End(const Outcome& outcome, int ranks) {
  JsonObject json;
  json.Text("event", "end").Text("submission", spec_.submission).Number("node", place_.node);
  if (ranks > 1) json.Number("ranks", ranks).Text("name", place_.name().substr(0, kMostName));
  json.Text("state", outcome.state).Text("reason", outcome.reason);
  json.Number("code", outcome.code).Number("signal", outcome.signal);
  if (cpu_ms_ > 0 || resident_bytes_ > 0) json.Number("cpu", cpu_ms_).Number("system", system_ms_).Number("rss", resident_bytes_);
  const std::string logged = StreamsInLog();
  if (!logged.empty()) json.Text("log", logged);
  Write(json.Time("start", start_).Time("end", Now()).Done(), true);
}

std::string Reporter::StreamsInLog() const {
  if (spec_.role != Role::kBatch) return "";
  const bool is_out = spec_.stdio.out && !IsShared(*spec_.stdio.out);
  const bool is_err = spec_.stdio.err && !IsShared(*spec_.stdio.err);
  return is_out && is_err ? "out,err" : is_out ? "out" : is_err ? "err" : "";
}

void Reporter::Write(const std::string& json, bool to_log) const {
  if (spec_.submission.empty() || spec_.secret.empty()) return;
  const std::string line =
      "\n#mlspace-report 1 " + ToHex(HmacSha256(spec_.secret, json)) + " " + json + "\n";
  if (line.size() > kMostLine) return;
  const auto write_line = [&line](int fd) {
    // A full disk loses this copy; the other one and the platform's status remain.
    if (write(fd, line.data(), line.size()) < 0) return;
  };
  if (spec_.report_file && IsShared(*spec_.report_file)) {
    const UniqueFd file(open(spec_.report_file->path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (file) write_line(file.get());
  }
  if (to_log) write_line(STDERR_FILENO);
}

}  // namespace launcher
