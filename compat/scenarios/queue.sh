# Jobs in every state that a small cluster shows in a moment: 1 and 4 run, 2 failed, 3 completed, 5 was cancelled, 6 waits.
# Needs 8 nodes of 8 CPUs, 4000 MB and 4 GPUs; partitions debug (all, default) and gpu (n[1-4], one day).
export SBATCH_ACCOUNT=root
await() { until [ "$(squeue -h -t all -j "$1" -o %t)" = "$2" ]; do sleep 0.1; done; }
mkdir out
cat >job.sh <<'END'
#!/bin/bash
#SBATCH --job-name=train-a-model
#SBATCH -N2 --ntasks-per-node=2 --cpus-per-task=2
#SBATCH --gres=gpu:1 --time=1:00:00
#SBATCH -o out/%x-%j.out
#SBATCH --comment=first
srun -n2 true
touch stepped
sleep 600
END
sbatch job.sh one two
until [ -e stepped ]; do sleep 0.1; done
sbatch --wrap 'srun true; exit 3'
await 2 F
sbatch -p gpu --wrap true
await 3 CD
sbatch -n3 -t 5 -J x -w n2 --wrap 'sleep 600'
sbatch -n1 --mem=1G -w n3 --wrap 'sleep 600'
await 5 R
scancel 5
await 5 CA
sbatch -N8 --exclusive --wrap 'sleep 5'
await 4 R
until [ "$(squeue -h -j 6 -o %r)" = Resources ]; do sleep 0.1; done
