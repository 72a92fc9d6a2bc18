# Jobs that do not start, each for another reason and with other wishes; 7 and 8, an array's element, run, 7 with a step.
# Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
sbatch -H --array=1-4%2 -J arr --wrap 'sleep 900'
sbatch -H -d afterany:1 --wrap true
sbatch --begin=2035-01-01T00:00:00 -t 10 --mem=1G -n2 -w n2 -x n3,n4 --wrap true
sbatch -H -N2-3 --ntasks-per-node=2 -c2 --mem-per-cpu=50 --gpus-per-node=2 -p gpu --exclusive --deadline=2035-01-01T00:00:00 --time-min=5 \
  -t 10 --comment 'a b' --mail-type=END --no-requeue --nice=5 --wrap true
sbatch -H -n3 -G2 --contiguous --mail-type=ALL --mail-user=me@example.org -e err-%j -o out-%j -i in --open-mode=append -s --wrap true
sbatch -d singleton -J arr -N2 -D /tmp --wrap true
sbatch -N2 -n4 -w n5,n6 --mem=1G -t 1:00:00 --wrap 'srun -n2 -N2 sleep 900'
sbatch --array=5 -w n7 --wrap 'sleep 900'
until squeue -hs -j 7 -o %i | grep -qx 7.0; do sleep 0.1; done
until [ "$(squeue -h -j 8 -o %t)" = R ]; do sleep 0.1; done
