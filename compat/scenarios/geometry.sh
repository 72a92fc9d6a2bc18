# An idle cluster, and ./shape, which tells what a job with the options that it is given gets. Nodes and partitions as in queue.sh.
printf '#!/bin/sh\nexit 3\n' >good.sh
cat >job.sh <<'EOF'
#!/bin/sh
env | grep -E '^SLURM_(JOB_NUM_NODES|JOB_CPUS_PER_NODE|TASKS_PER_NODE|CPUS_ON_NODE|CPUS_PER|GPUS|MEM_PER|NTASKS|OVERCOMMIT|THREADS)' | sort
echo END
EOF
cat >shape <<'EOF'
#!/bin/bash
job=$(sbatch --parsable -o shape-%j.out "$@" job.sh) || exit
until grep -qs '^END' "shape-$job.out"; do sleep 0.05; done
grep -v '^END' "shape-$job.out"
scontrol show job "$job" | grep -E '^ *(NumNodes|TRES|Socks|TresPer|CpusPer|MemPer)'
EOF
chmod +x shape
