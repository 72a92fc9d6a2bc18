# An idle cluster whose nodes are this machine's first two CPUs, and bind tasks; ./bound OPTIONS of an srun, of a job that has a node alone, tells what
# its tasks may run on and what they are told of it; ./batch is environment.sh's.
taskset -pc 0,1 $$ >/dev/null # so that this machine has two here, too: what starts the nodes below keeps to them
if [ -w "${SLURM_CONF:-}" ]; then # the real one: nodes of two CPUs, with task/affinity
    directory=$(dirname "$SLURM_CONF")
    for pid in "$directory"/run/*.pid; do kill "$(cat "$pid")"; done
    sed -i -e s,task/none,task/affinity, -e 's/CPUs=8 Sockets=2 CoresPerSocket=4/CPUs=2 Sockets=1 CoresPerSocket=2/' "$SLURM_CONF"
    sleep 2
    slurmctld -c -f "$SLURM_CONF" </dev/null >/dev/null 2>&1
    for node in 1 2 3 4 5 6 7 8; do slurmd -f "$SLURM_CONF" -N "n$node" </dev/null >/dev/null 2>&1; done
    until [ "$(sinfo -h -N -p debug -t idle -o %N 2>/dev/null | wc -l)" = 8 ]; do sleep 0.5; done
fi
sinfo >/dev/null
cat >task <<'EOF'
#!/bin/sh
grep Cpus_allowed_list /proc/self/status | sed "s/^/$SLURM_PROCID /"
env | grep CPU_BIND | sed "s/^/$SLURM_PROCID /"
EOF
cat >bound <<'EOF'
#!/bin/sh
until [ -z "$(squeue -h)" ]; do sleep 0.1; done
SLURM_ACCOUNT=root srun -n2 "$@" ./task >tasks.txt 2>errors.txt
code=$?
LC_ALL=C sort errors.txt
LC_ALL=C sort tasks.txt
exit $code
EOF
chmod +x task bound
