# Heterogeneous jobs that cases make: nothing runs yet. Nodes and partitions as in queue.sh.
# The real one starts such jobs in its backfill alone, which comes every 30 s unless it is told otherwise.
if [ -n "$SLURM_CONF" ]; then
  echo SchedulerParameters=bf_interval=1 >>"$SLURM_CONF"
  scontrol reconfigure
fi
export SBATCH_ACCOUNT=root SLURM_ACCOUNT=root
# on STATE 'COMMANDS': makes a job of two components, held or running, runs the commands, prints what they say and their exit codes,
# with ID and NEXT for the components' ids, and takes the job away. Commands may ask for "states 'THOSE THAT THEY LEAD TO'".
cat >on <<'END_OF_ON'
#!/bin/bash
export SBATCH_ACCOUNT=root
now() { squeue -h -t all -j "$1" -o "$2" | tr '\n' ' ' | sed 's/ $//'; }
states() {
  for attempt in $(seq 100); do
    [ "$(now "$id" %T)" = "$1" ] && break
    sleep 0.1
  done
  squeue -h -t all -j "$id" -o '%i %A %T %r'
}
step() { "$@"; echo "exit $?"; }
[ "$1" = held ] && hold=-H
id=$(sbatch --parsable $hold -o /dev/null -N1 -J lead -t 30 : -N2 -J follow -t 40 --wrap 'sleep 600')
next=$((id + 1))
[ "$1" = held ] || until [ "$(now "$id" %t)" = 'R R' ]; do sleep 0.1; done
eval "$2" 2>&1 | sed -E "s/(^|[^+0-9])$id(:?[^0-9:]|$)/\1ID\2/g; s/\b$next(:?[^0-9:]|$)/NEXT\1/g"
scancel "$id"
until [ -z "$(squeue -h -j "$id" 2>/dev/null)" ] && [ -z "$(squeue -h -j "$next" 2>/dev/null)" ]; do sleep 0.1; done
END_OF_ON
# in_job 'OPTIONS' 'COMMANDS': what they print in the script of a job.
cat >in_job <<'END_OF_IN_JOB'
#!/bin/bash
export SBATCH_ACCOUNT=root
printf '#!/bin/bash\n%s\n' "$2" >script.sh
sbatch -W -o said.txt $1 script.sh >/dev/null
cat said.txt
END_OF_IN_JOB
# sorted COMMAND...: a step's output, in the order of its tasks; then what it says itself.
cat >sorted <<'END_OF_SORTED'
#!/bin/bash
"$@" 2>errors | LC_ALL=C sort
echo "exit ${PIPESTATUS[0]}"
cat errors
END_OF_SORTED
cat >several.sh <<'END_OF_SCRIPT'
#!/bin/bash
#SBATCH -N1 -J first
#SBATCH hetjob
#SBATCH -N2 -J second
true
END_OF_SCRIPT
chmod +x on in_job sorted
