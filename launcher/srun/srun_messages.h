#ifndef LAUNCHER_SRUN_SRUN_MESSAGES_H_
#define LAUNCHER_SRUN_SRUN_MESSAGES_H_

#include <string>

namespace launcher {

/// What srun says on standard error, a line each, by level. Source: srun(1) --quiet, --verbose.
class SrunMessages {
 public:
  /// `quiet`: -Q; `verbosity`: how often -v was said.
  SrunMessages(bool quiet, int verbosity) : quiet_(quiet), verbosity_(verbosity) {}

  /// Always; also several lines, each of which becomes one.
  void Error(const std::string& lines) const;
  /// Unless quiet.
  void Info(const std::string& line) const;
  /// With -v.
  void Verbose(const std::string& line) const;
  /// Lines end as a raw terminal wants them, or no longer do.
  void set_raw(bool is_raw) { end_ = is_raw ? "\r\n" : "\n"; }
  bool is_verbose() const { return verbosity_ > 0; }

 private:
  void Say(const char* level, const std::string& line) const;

  bool quiet_;
  int verbosity_;
  const char* end_ = "\n";
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_MESSAGES_H_
