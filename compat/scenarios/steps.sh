# Scripts that run steps in a batch job; nothing runs yet. Nodes and partitions as in queue.sh.
export SBATCH_ACCOUNT=root
# in_job GEOMETRY COMMANDS: what the commands print in a batch job of their own, alone on the cluster.
cat >in_job <<'END'
#!/bin/sh
until [ -z "$(squeue -h)" ]; do sleep 0.1; done
file=$(mktemp -p .)
{ echo '#!/bin/bash'; echo 'PATH=$PWD:$PATH'; echo "$2"; } >script.sh
sbatch -Q -W -J steps -o $file $1 script.sh >/dev/null
cat $file
END
# where OPTIONS: which tasks of such a step run on which of its nodes, in its order, after what srun says, and its exit code.
cat >where <<'END'
#!/bin/bash
said=$(mktemp -p .)
placed=$(srun "$@" sh -c 'echo $SLURM_NODEID $SLURMD_NODENAME $SLURM_PROCID' 2>$said)
code=$?
cat $said
sort -n <<<"$placed" | awk '{ if ($2 != last && NR > 1) printf " "; if ($2 != last) printf "%s:", $2; else printf ","; printf "%s", $3; last = $2 } END { print "" }'
[ $code = 0 ] || echo "exit code $code"
END
# beside 'OPTIONS' 'OPTIONS': whether the second step runs while the first one does, which lasts two seconds at most.
cat >beside <<'END'
#!/bin/bash
mark=$(mktemp -u -p .)
srun $1 sh -c "touch $mark
  for tenth in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do [ -e $mark.second -o -e $mark.over ] && break; sleep 0.1; done
  [ ! -e $mark.second ] || touch $mark.beside" &
until [ -e $mark ]; do sleep 0.05; done
srun $2 touch $mark.second
code=$?
touch $mark.over
wait
[ ! -e $mark.beside ] || echo "beside it"
[ $code = 0 ] || echo "exit code $code"
END
chmod +x in_job where beside
