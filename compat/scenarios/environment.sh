# An idle cluster, and what shows the environment of a job's processes, sorted: ./tell of its own process, ./batch OPTIONS COMMAND of a job that runs
# COMMAND, ./step OPTIONS of every task of an srun; behind each variable stand the tasks that have it. Nodes and partitions as in queue.sh.
cat >tell <<'EOF'
#!/bin/sh
# SLURM_CONF and SLURM_WORKING_CLUSTER are the way to slurmctld, which is not there for us. The accounts are ./alone's.
names='SLURM|SRUN|SBATCH|SALLOC|CUDA_VISIBLE|GPU_DEVICE|ROCR_VISIBLE|ZE_AFFINITY|TMPDIR=|ENVIRONMENT=|HOSTNAME=|MINE'
env | grep -E "^($names)" | grep -vE '^(SLURM_CONF|SLURM_WORKING_CLUSTER|(SBATCH|SALLOC|SLURM)_ACCOUNT)=' | LC_ALL=C sort
EOF
cat >task <<'EOF'
#!/bin/sh
./tell | sed "s/^SLURM_TASK_PID=$$\$/SLURM_TASK_PID=itself/; s/^/$SLURM_PROCID /"
EOF
cat >folded <<'EOF'
#!/bin/sh
LC_ALL=C sort -t ' ' -k2 -k1,1n | awk '
{ rank = $1; sub(/^[^ ]* /, "") }
$0 == last { ranks = ranks "," rank; next }
{ if (NR > 1) print last "  [" ranks "]"; last = $0; ranks = rank }
END { if (NR) print last "  [" ranks "]" }'
EOF
cat >alone <<'EOF'
#!/bin/sh
until [ -z "$(squeue -h)" ]; do sleep 0.1; done
export SBATCH_ACCOUNT=root SALLOC_ACCOUNT=root SLURM_ACCOUNT=root
exec "$@"
EOF
cat >batch <<'EOF'
#!/bin/bash
printf '#!/bin/sh\n%s\n' "${!#}" >script.sh
set -- "${@:1:$#-1}"
./alone sbatch --parsable -J job -o "$PWD/output-%a.txt" "$@" script.sh >/dev/null || exit
./alone true
cat output-*.txt
rm output-*.txt
EOF
cat >step <<'EOF'
#!/bin/sh
srun "$@" ./task >"tasks.$$"
code=$?
./folded <"tasks.$$"
exit $code
EOF
chmod +x tell task folded alone batch step
