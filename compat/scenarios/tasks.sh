# An idle cluster, and programs for tasks to run. Nodes and partitions as in queue.sh.
# inside TEXT [SBATCH-OPTIONS]: the text as a batch script; prints what the job wrote, and ends as it ended.
cat >inside <<'END'
#!/bin/sh
text=$1 out=$(mktemp ./out.XXXXXX)
shift
printf '#!/bin/bash\n%s\n' "$text" | sbatch -Q -W -o "$out" "$@"
code=$?
cat "$out"
rm -f "$out"
exit $code
END
cat >prolog <<'END'
#!/bin/sh
echo "print hello from task $SLURM_PROCID"
echo "print   blanks in front"
echo "export WORDS=one two"
echo "  export INDENTED=x"
echo "export EMPTY="
echo "unset A"
echo "a line that means nothing"
echo "printed is no print"
echo nowhere >&2
END
printf '#!/bin/sh\necho nowhere; echo epilog of $SLURM_PROCID, $A >&2\n' >epilog
printf '#!/bin/sh\necho failing $SLURM_PROCID; echo failing >&2; exit 3\n' >failing
printf '#!/bin/sh\necho before "$@"\n' >before
printf '#!/bin/sh\necho I am $0 "$@"\n' >program
printf 'echo no interpreter\n' >no_interpreter
chmod 755 inside prolog epilog failing before no_interpreter
chmod 750 program
mkdir directory
echo hello >file
touch -d '2001-02-03 04:05:06' file
