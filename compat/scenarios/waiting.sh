# Jobs that wait, for every reason that there is on a small cluster. Nodes and partitions as in queue.sh.
# 1 and 2 run, with steps; 3 to 6 are held; 7 to 10 wait for others; 11 for its time; 12 is a held array;
# 13 an array of which two run (14, 15) and three may not yet.
export SBATCH_ACCOUNT=root SLURM_ACCOUNT=root
await() { until [ "$(squeue -h -t all -j "$1" -o %t 2>&1)" = "$2" ]; do sleep 0.1; done; }
reason() { until [ "$(squeue -h -t PD -j "$1" -o %r 2>&1)" = "$2" ]; do sleep 0.1; done; }
mkdir out
cat >job.sh <<'END'
#!/bin/bash
srun -N2 -n4 -J stepping sleep 600
END
sbatch -N4 --exclusive -t 1:00:00 -J train job.sh 'one two' three
await 1 R
srun -J interactive -n2 -t 2-3 --comment='by hand' sleep 600 </dev/null >/dev/null 2>&1 &
await 2 R
sbatch -H -J held -n4 -N2-3 -c2 --mem=2G --gres=gpu:2 -t 1:30 -p gpu --nice=50 --comment='a comment' -o out/%x-%j.out -e out/%A_%a.err job.sh
sbatch -H -J per_task -n3 --ntasks-per-node=3 --gpus-per-task=1 --mem-per-cpu=150 --mincpus=3 -w n1 -x n[7-8] --no-requeue --wrap true
sbatch -H -J per_gpu -G 2 --cpus-per-gpu=2 -D out --wrap true
sbatch -H -J misc --exclusive --contiguous --wckey=key -t 10 --wrap true
sbatch -d afterok:3:4,afternotok:5 -J dependent --wrap true
sbatch -d afternotok:3?afterany:4 -J either --wrap true
sbatch -d singleton -J held --wrap true
sbatch -d afterany:1 -H -J both --wrap true
sbatch --begin=now+1hour -J later --wrap true
sbatch -H -a 1,3,5-9:2%1 -J chosen --wrap true
sbatch -a 1-5%2 -J swept -t 30 -o out/%A_%a --wrap 'sleep 600'
await 14 R
await 15 R
reason 13 JobArrayTaskLimit
