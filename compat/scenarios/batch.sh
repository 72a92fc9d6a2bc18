# An idle cluster, and ways to run, end and requeue batch scripts and to see how that went. Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
# ended JOB OUTPUT: waits until the job has left and is accounted for; prints what it wrote, and how it ended.
cat >ended <<'END'
#!/bin/sh
until [ -z "$(squeue -h -j "$1" -o %t)" ]; do sleep 0.1; done
if [ -f "$2" ]; then cat "$2"; fi
for attempt in $(seq 100); do
  line=$(sacct -X -n -P -j "$1" -o state,exitcode,derivedexitcode)
  case $line in ''|RUNNING*|PENDING*|COMPLETING*|REQUEUED*) sleep 0.2 ;; *) break ;; esac
done
echo "$line"
END
# job TEXT [SBATCH-OPTIONS]: the text as a batch script; shows how it and `sbatch --wait` ended.
cat >job <<'END'
#!/bin/sh
printf '#!/bin/bash\n%s\n' "$1" >script.sh
shift
./script script.sh "$@"
END
# script FILE [SBATCH-OPTIONS]: the same for a script that is there.
cat >script <<'END'
#!/bin/sh
out=$(mktemp ./out.XXXXXX) script=$1
shift
id=$(SBATCH_ACCOUNT=root sbatch -W --parsable -o "$out" -w n1 "$@" "$script")
echo "sbatch --wait: $?"
./ended "$id" "$out"
END
# tell TEXT WORDS...: runs scancel with each of the words (JOB standing for the job's id), whenever the job has said ready once
# more; shows how the job ended.
cat >tell <<'END'
#!/bin/sh
out=$(mktemp ./out.XXXXXX)
printf '#!/bin/bash\n%s\n' "$1" >script.sh
shift
id=$(SBATCH_ACCOUNT=root sbatch --parsable -o "$out" -w n1 -n2 script.sh)
times=0
for words; do
  times=$((times + 1))
  until [ "$(grep -c ready "$out")" -ge $times ]; do sleep 0.1; done
  scancel $(echo "$words" | sed "s/JOB/$id/")
done
./ended "$id" "$out"
END
# again TEXT [SBATCH-OPTIONS]: waits until the job has requeued itself, lets it start at once, and shows how it ended.
cat >again <<'END'
#!/bin/sh
out=$(mktemp ./out.XXXXXX)
printf '#!/bin/bash\n%s\n' "$1" >script.sh
shift
id=$(SBATCH_ACCOUNT=root sbatch --parsable -o "$out" -w n1 "$@" script.sh)
until scontrol show job "$id" | grep -q 'Restarts=1'; do sleep 0.1; done
reason=$(squeue -h -j "$id" -o %r)
case $reason in *held*) echo "$reason"; scontrol release "$id" ;; esac
scontrol update jobid="$id" starttime=now 2>/dev/null  # two minutes later otherwise
./ended "$id" "$out"
END
printf '#!/nosuch/interpreter\n' >no_interpreter.sh
printf '#!./text\necho never\n' >interpreter_not_executable.sh
printf '#!%s\n' "$PWD" >directory_as_interpreter.sh
printf '#!/bin/cat\na script for cat\n' >other_interpreter.sh
printf '#!/usr/bin/env -S python3 -I\nimport sys; print(sys.argv[1:]); sys.exit(9)\n' >python.py
printf '#!/bin/sh -e\nfalse\necho never\n' >interpreter_with_argument.sh
printf 'some text\n' >text
chmod 755 ended job script tell again
chmod 644 text
mkdir directory
