# Steps inside a job: their streams, messages, signals and exit codes. Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
# job SBATCH-ARGUMENT... SCRIPT: runs the text SCRIPT as a batch job on n1 and n2, and says what it said: stdout, stderr, exit code.
cat >job <<'END_OF_JOB'
#!/bin/bash
rm -rf job.* ready.* d
mkdir d
printf '#!/bin/bash\n%s\n' "${!#}" >job.sh
SBATCH_ACCOUNT=root sbatch -Q -W -N2 -w 'n[1-2]' -o job.out -e job.err "${@:1:$#-1}" job.sh
code=$?
cat job.out
cat job.err >&2
exit $code
END_OF_JOB
# sorted: as job, for tasks of which none waits for another.
sed 's/^cat /LC_ALL=C sort /' job >sorted
# signals "AFTER:NAME ..." TASKS COMMAND...: runs it, waits until so many tasks have called ready, then sends it these signals.
cat >signals <<'END_OF_SIGNALS'
#!/bin/bash
set -m
plan=$1 tasks=$2
"${@:3}" &
for attempt in $(seq 200); do
  [ "$(ls ready.* 2>/dev/null | wc -l)" -ge "$tasks" ] && break
  sleep 0.1
done
sleep 0.5
for step in $plan; do
  sleep "${step%:*}"
  kill -"${step#*:}" $!
done
wait $!
END_OF_SIGNALS
# ready SECONDS: says that the task is ready, and waits.
cat >ready <<'END_OF_READY'
#!/bin/sh
: >ready.$SLURM_PROCID
exec sleep "$1"
END_OF_READY
# arguments: prints its arguments, each in brackets.
cat >arguments <<'END_OF_ARGUMENTS'
#!/bin/sh
printf '[%s]' "$@"
echo
END_OF_ARGUMENTS
printf 'echo plain\n' >plain
chmod +x job sorted signals ready arguments
