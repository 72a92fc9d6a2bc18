#ifndef LAUNCHER_JOB_ASK_JOB_H_
#define LAUNCHER_JOB_ASK_JOB_H_

#include <optional>
#include <string>

#include "channel/channel.h"

namespace launcher {

/// Asks the launch of a job one thing: what is in its answer; nothing when none answers within ten seconds. `directory`: the job's
/// runtime directory on this host.
std::optional<std::string> AskJob(const std::string& directory, Frame question, const std::string& payload, Frame answer);

}  // namespace launcher

#endif  // LAUNCHER_JOB_ASK_JOB_H_
