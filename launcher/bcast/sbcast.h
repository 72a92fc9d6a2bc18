#ifndef LAUNCHER_BCAST_SBCAST_H_
#define LAUNCHER_BCAST_SBCAST_H_

#include <string>
#include <vector>

namespace launcher {

/// `sbcast` inside a job, or on the login side of one that runs on this host: a file to all its nodes, by the channel.
/// Returns the largest errno of the nodes, 255 where there is no such file or job.
int SbcastMain(const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_BCAST_SBCAST_H_
