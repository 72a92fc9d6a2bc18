#ifndef LAUNCHER_TEXT_FILENAME_H_
#define LAUNCHER_TEXT_FILENAME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace launcher {

/// What the patterns of a file name stand for.
struct FilenameFacts {
  int64_t job_id = 0;
  std::optional<int64_t> array_job_id;   ///< %A; of no array: the job id
  std::optional<int64_t> array_task_id;  ///< %a; of no array: 4294967294, as Slurm writes it
  std::string job_name;                  ///< %x
  std::string user;                      ///< %u
  std::string node_name;                 ///< %N: name of the node that opens the file, short
  int node = 0;                          ///< %n: number of the node within the step
  int task = 0;                          ///< %t: rank of the task
  std::optional<int> step;               ///< %s, and %J becomes job.step; of the batch script: none
};

/// `pattern` with Slurm's % patterns replaced: %A %a %J %j %N %n %s %t %u %x, %% and a zero-padding
/// width (%4j, at most 10); unknown ones stay as they are. A backslash anywhere switches all
/// patterns off and is itself removed. Source: sbatch(1) and srun(1) "filename pattern";
/// tests/contract/filenames.json.
std::string ExpandFilename(std::string_view pattern, const FilenameFacts& facts);

/// Whether the name differs from task to task (%t) or from node to node (%n, %N): if not, all tasks
/// of a step share one file.
bool IsPerTask(std::string_view pattern);
bool IsPerNode(std::string_view pattern);
/// Whether it needs the step's number (%s, %J).
bool IsPerStep(std::string_view pattern);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_FILENAME_H_
