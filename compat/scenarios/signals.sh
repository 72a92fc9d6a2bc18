# Scripts for jobs that are cancelled and signalled; nothing runs yet. Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
# start SBATCH-ARGUMENTS: a job that runs; prints its id.
cat >start <<'END'
#!/bin/sh
id=$(SBATCH_ACCOUNT=root sbatch --parsable -o /dev/null "$@")
until [ "$(squeue -h -j "$id" -o %t)" = R ]; do sleep 0.1; done
echo "$id"
END
# start_steps: one that runs two steps, and tells in JOB.heard who of it gets which signal; prints its id.
cat >start_steps <<'END'
#!/bin/sh
id=$(./start -n2 steps.sh)
until [ "$(grep -c ready "$id.heard" 2>/dev/null)" = 4 ]; do sleep 0.1; done
echo "$id"
END
cat >steps.sh <<'END'
#!/bin/bash
export HEARD=$PWD/$SLURM_JOB_ID.heard
bash listen.sh child &
srun -n1 --exact bash listen.sh step &
until grep -q 'step ready' $HEARD; do sleep 0.1; done
srun -n1 --exact bash listen.sh second &
. ./listen.sh batch
END
cat >listen.sh <<'END'
for signal in USR1 TERM CONT; do trap "echo $1 $signal >>$HEARD" $signal; done
echo $1 ready >>$HEARD
while :; do sleep 0.1; done
END
# heard JOB LINE: waits for that line, and a moment more, and prints everything that was heard, once.
cat >heard <<'END'
#!/bin/sh
for attempt in $(seq 100); do
  grep -q "$2" "$1.heard" && break
  sleep 0.1
done
sleep 0.5
grep -v ready "$1.heard" | sort -u
END
# ended 'OPTIONS' 'SCRIPT' 'COMMAND': what a job prints, sorted, for which COMMAND is run when both tasks of its step run; how it ended, and its step.
cat >ended <<'END'
#!/bin/bash
rm -f started*
printf '#!/bin/bash\ntask() { touch started$SLURM_PROCID; exec sleep 60; }\nexport -f task\n%s\n' "$2" >script.sh
id=$(SBATCH_ACCOUNT=root sbatch --parsable -o said.txt $1 script.sh)
until [ -e started0 -a -e started1 ]; do sleep 0.1; done
eval "$3"
until [ -z "$(squeue -h -j "$id")" ]; do sleep 0.1; done
until [[ $(sacct -n -P -j "$id.0" -o end) == 2* ]]; do sleep 0.1; done
LC_ALL=C sort said.txt
scontrol -d show job "$id" | grep -o 'JobState=\S*\|\w*ExitCode=\S*'
sacct -n -P -j "$id.0" -o exitcode
END
# state JOB: waits until it has ended, and prints its state.
cat >state <<'END'
#!/bin/sh
until [ -z "$(squeue -h -j "$1" -o %t)" ]; do sleep 0.1; done
squeue -h -t all -j "$1" -o %T
END
chmod +x start start_steps heard state ended
