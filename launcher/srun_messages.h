#ifndef LAUNCHER_SRUN_MESSAGES_H_
#define LAUNCHER_SRUN_MESSAGES_H_

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
  /// With -vv.
  bool is_verbose() const { return verbosity_ > 0; }

 private:
  bool quiet_;
  int verbosity_;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_MESSAGES_H_
