#ifndef LAUNCHER_BCAST_SBCAST_OPTIONS_H_
#define LAUNCHER_BCAST_SBCAST_OPTIONS_H_

#include <string>
#include <vector>

#include "os/env.h"

namespace launcher {

/// What an sbcast command line asks for.
struct SbcastOptions {
  std::string job_id;
  std::string source;
  std::string target;
  int64_t block_size = 8 << 20;
  int fanout = 0;
  int timeout = 0;
  int verbose = 0;
  bool force = false;
  bool preserve = false;
  std::string foreign;                ///< --help and the like: the login side's sbcast has the text
  std::vector<std::string> warnings;  ///< said before anything is done
};

/// Reads sbcast's command line over its SBCAST_* variables. Prints what getopt says of a wrong one. Throws LaunchError.
SbcastOptions ReadSbcastOptions(const std::vector<std::string>& args, const Environment& environment);

}  // namespace launcher

#endif  // LAUNCHER_BCAST_SBCAST_OPTIONS_H_
