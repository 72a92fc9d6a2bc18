# Heterogeneous jobs: 1 and 2 are the components of one that has ended, with a step over both; 3 and 4 of one that runs, 5 and 6 of one
# that is held; 7 and 8 are to begin later. Nodes and partitions as in queue.sh.
# The real one starts such jobs in its backfill alone, which comes every 30 s unless it is told otherwise.
if [ -n "$SLURM_CONF" ]; then
  echo SchedulerParameters=bf_interval=1 >>"$SLURM_CONF"
  scontrol reconfigure
fi
export SBATCH_ACCOUNT=root
await() { until [ "$(squeue -h -t all -j "$1" -o %t | sort -u)" = "$2" ]; do sleep 0.1; done; }
cat >both.sh <<'END_OF_SCRIPT'
#!/bin/bash
#SBATCH -J both -N1 -n2 -w n1 -t 10 --comment=one
#SBATCH hetjob
#SBATCH -J other -N2 -n4 -w n[2-3] -t 20 --gres=gpu:1 -p gpu --mem-per-cpu=50
srun --het-group=0,1 true
END_OF_SCRIPT
sbatch both.sh
await 1 CD
await 2 CD
sbatch -N1 -n2 -J lead -w n4 -t 1:00:00 : -N2 -n2 -J follow -w n[5-6] -t 2:00:00 --gres=gpu:1 --wrap 'sleep 600'
await 3 R
await 4 R
sbatch -H -N1 -J waits -t 30 -p gpu : -N2 -c2 -J behind -t 40 --comment=two --wrap true
sbatch --begin=2035-01-01T00:00:00 -n2 : -n3 --wrap true
until [ "$(squeue -h -j 7 -o %r | sort -u)" = BeginTime ]; do sleep 0.1; done
