#include "bcast/sbcast.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "bcast/file_sender.h"
#include "bcast/sbcast_options.h"
#include "channel/handshake.h"
#include "node/runtime_dir.h"

extern char** environ;

namespace launcher {
namespace {

constexpr int kLookupExit = 255;  ///< when the file or the job is not there: its exit(-1)

void Say(const std::string& line) { std::fprintf(stderr, "sbcast: %s\n", line.c_str()); }

[[noreturn]] void NoJob(const std::string& id) {
  throw LaunchError("Slurm job " + id + " lookup error: Invalid job id specified", kLookupExit);
}

void SayTime(const char* what, time_t time) {
  char text[64];
  tm local;
  std::strftime(text, sizeof text, "%a %b %d %H:%M:%S %Y", localtime_r(&time, &local));
  Say(std::string(what) + text);
}

/// What -v says. Source: sbcast -v of Slurm 22.05.8, less what it tells of its credential.
void SayOptions(const SbcastOptions& options) {
  const auto truth = [](bool value) { return value ? "true" : "false"; };
  Say("-----------------------------");
  Say("block_size = " + std::to_string(options.block_size));
  Say(std::string("force      = ") + truth(options.force));
  Say("fanout     = " + std::to_string(options.fanout));
  Say(std::string("preserve   = ") + truth(options.preserve));
  Say("timeout    = " + std::to_string(options.timeout));
  Say("verbose    = " + std::to_string(options.verbose));
  Say("source     = " + options.source);
  Say("dest       = " + options.target);
  Say("-----------------------------");
}

void SayFile(const struct stat& file, const std::string& job_id) {
  char modes[16];
  std::snprintf(modes, sizeof modes, "%o", static_cast<unsigned>(file.st_mode));
  Say(std::string("modes    = ") + modes);
  Say("uid      = " + std::to_string(file.st_uid));
  Say("gid      = " + std::to_string(file.st_gid));
  SayTime("atime    = ", file.st_atime);
  SayTime("mtime    = ", file.st_mtime);
  SayTime("ctime    = ", file.st_ctime);
  Say("size     = " + std::to_string(file.st_size));
  Say("jobid      = " + job_id);
}

struct Source {
  UniqueFd fd;
  struct stat status;
};

/// The file to send. Throws LaunchError with sbcast's words.
Source OpenSource(const std::string& path) {
  Source source{UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), {}};
  if (!source.fd || fstat(source.fd.get(), &source.status) != 0) {
    throw LaunchError("Can't open `" + path + "`: " + std::strerror(errno), kLookupExit);
  }
  if (S_ISDIR(source.status.st_mode)) throw LaunchError("Can't mmap file `" + path + "`, No such device.", kLookupExit);
  if (source.status.st_size == 0) Say("error: Warning: file `" + path + "` is empty.");
  return source;
}

FileHeader HeaderOf(const SbcastOptions& options, const struct stat& file) {
  FileHeader header;
  char here[4096];
  if (options.target.substr(0, 1) != "/" && getcwd(here, sizeof here)) header.path = std::string(here) + "/";
  header.path += options.target;
  header.mode = static_cast<int>(file.st_mode & 07777);
  header.replace = options.force;
  if (options.preserve) {
    header.accessed = file.st_atime;
    header.modified = file.st_mtime;
  }
  return header;
}

/// Sends it over the channel of the job; returns what sbcast ends with.
int Broadcast(UniqueFd job, Source source, const FileHeader& header, const std::string& job_id) {
  Loop loop;
  std::optional<int> code;
  std::unique_ptr<FileSender> sender;
  const auto channel = std::make_shared<Channel>(&loop, std::move(job));
  const auto stop = [&loop] { loop.Stop(); };
  OpenHandshake(channel, Credentials{}, Peer{"client", 0}, [&](const std::optional<std::string>& error) {
    if (error) return stop();
    channel->Listen([&](Frame type, std::string_view payload) { if (type == Frame::kFileDone) sender->OnDone(payload); }, stop);
    sender = std::make_unique<FileSender>([channel](Frame type, std::string_view payload) { channel->Send(type, payload); }, std::move(source.fd), header, std::vector<std::string>(),
                                          [&](const FileSender::NodeErrors& errors) {
                                            code = 0;
                                            for (const auto& [node, why] : errors) code = std::max(*code, why);
                                            for (const std::string& line : DescribeErrors(errors)) Say("error: " + line);
                                            stop();
                                          });
  });
  loop.Run();
  if (!code) NoJob(job_id);  // it has ended meanwhile
  return *code;
}

}  // namespace

int SbcastMain(const std::vector<std::string>& args) {
  Environment own = Environment::FromEnvp(environ);
  SbcastOptions options;
  try {
    options = ReadSbcastOptions(args, own);
  } catch (const LaunchError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  }
  if (!options.foreign.empty()) return RunForeign("sbcast", {options.foreign});
  for (const std::string& warning : options.warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  if (!options.job_id.empty()) {
    own.Set("SLURM_JOB_ID", options.job_id);
  } else if (!own.Has("SLURM_JOB_ID")) {
    throw LaunchError("Need a job id to run this command.  Run from within a Slurm job or use the --jobid option.", 1);
  }
  if (options.verbose) SayOptions(options);
  if (!options.target.empty() && options.target.back() == '/') throw LaunchError("Target filename cannot be a directory.", 1);
  Source source = OpenSource(options.source);
  const std::string id = own.Get("SLURM_JOB_ID");
  if (options.verbose) SayFile(source.status, id);
  const bool is_number = !id.empty() && id.find_first_not_of("0123456789.") == id.npos;
  const std::optional<std::string> directory = FindJobDir(own);
  UniqueFd job = directory ? ConnectToJob(*directory) : UniqueFd();
  if (!job) NoJob(is_number ? id : "0");
  const FileHeader header = HeaderOf(options, source.status);
  return Broadcast(std::move(job), std::move(source), header, id);
}

}  // namespace launcher
