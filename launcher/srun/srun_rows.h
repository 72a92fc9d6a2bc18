#ifndef LAUNCHER_SRUN_SRUN_ROWS_H_
#define LAUNCHER_SRUN_SRUN_ROWS_H_

#include <string>
#include <vector>

#include "srun/srun_getopt.h"
#include "srun/srun_options.h"

namespace launcher {

/// An option of srun: names, argument, input variable, and what it does; it may be ignored, and then no more than told to the
/// tasks, or, where leaving it out would change what the step does, refused.
struct SrunRow {
  const char* name;
  char letter;
  Argument argument;
  const char* variable;
  void (*set)(SrunOptions*, const std::string&);
  const char* ignored;  ///< why it has no effect here; said once
  const char* refused;  ///< why it cannot be
};

/// All that there are. The last OwnSrunRows() of them Slurm 22.05 does not have: these go by their full name alone, so that
/// every abbreviation that 22.05 accepts keeps its meaning.
std::vector<SrunRow> SrunRows();
size_t OwnSrunRows();

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_ROWS_H_
