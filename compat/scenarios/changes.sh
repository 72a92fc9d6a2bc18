# Jobs for scontrol's commands that change them: 1 is held, 2 runs, 3 is a held array, 4 has ended, 5 is to begin later, 6 waits for 2,
# 7 runs and may not be requeued, 8 is an array of two that run (the first has id 9), 10 failed, 11 waits for that for ever.
# Needs 8 nodes of 8 CPUs, 4000 MB and 4 GPUs; partitions debug (all, default) and gpu (n[1-4], one day).
export SBATCH_ACCOUNT=root
await() { until [ "$(squeue -h -t all -j "$1" -o %t)" = "$2" ]; do sleep 0.1; done; }
waits() { until [ "$(squeue -h -j "$1" -o %r)" = "$2" ]; do sleep 0.1; done; }
sbatch -H -J held -t 30 --wrap 'sleep 600'
sbatch -J run -t 60 --wrap 'sleep 600'
await 2 R
sbatch -H --array=1-5%2 -J arr --wrap 'sleep 600'
sbatch -J done --wrap true
await 4 CD
sbatch --begin=now+1hour -J later --wrap true
waits 5 BeginTime
sbatch -d afterok:2 -J after --wrap true
waits 6 Dependency
sbatch --no-requeue -J once --wrap 'sleep 600'
await 7 R
sbatch --array=1-2 -J pair --wrap 'sleep 600'
until [ "$(squeue -h -j 8 -t R -o %t | wc -l)" = 2 ]; do sleep 0.1; done
sbatch -J bad --wrap false
await 10 F
sbatch -d afterok:10 -J never --wrap true
waits 11 DependencyNeverSatisfied
