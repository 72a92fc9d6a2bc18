# Nodes in each state that a small cluster shows in a moment: job 1 has all of n1, 2 to 4 a part of n2, n3 and n6; nobody waits.
# Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
await() { until [ "$(squeue -h -t all -j "$1" -o %t)" = "$2" ]; do sleep 0.1; done; }
sbatch -n8 -w n1 -J whole --mem=3G --gres=gpu:4 --wrap 'sleep 900'
sbatch -n3 -w n2 -J part --mem=1000 --gres=gpu:2 -p gpu -t 2:00:00 --wrap 'sleep 900'
sbatch -n2 -w n3 -J small --wrap 'sleep 900'
sbatch -n1 -w n6 -J tiny --mem=500 --wrap 'sleep 900'
for job in 1 2 3 4; do await $job R; done
