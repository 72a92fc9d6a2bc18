#!/bin/bash
# A sweep and what follows from it: an array, and a job that starts when every element of it has ended well.
#
#     examples/sweep.sh; squeue

set -euo pipefail
sweep=$(sbatch --parsable "$(dirname "$0")/sweep.sbatch")
best=$(sbatch --parsable --job-name=best --output=%x-%j.out --dependency="afterok:$sweep" --kill-on-invalid-dep=yes \
  --wrap "sort -g -k2 sweep-${sweep}_*.out | head -n1")
echo "job $best prints the best of sweep $sweep into best-$best.out"
