# Arrays: of 1, two elements run and two wait for them; 2 is held whole. Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
sbatch -a 1-4%2 -n2 -J some -o /dev/null --wrap 'sleep 600'
until [ "$(squeue -h -r -j 1 -t R -o %K | wc -l)" = 2 ]; do sleep 0.1; done
sbatch -H -a 0-30:2,40,50-60%3 -J many -o /dev/null --wrap true
until [ "$(squeue -h -j 1 -t PD -o %r)" = JobArrayTaskLimit ]; do sleep 0.1; done
sleep 1.1  # sacct tells what was pending from what ran by whole seconds
