#!/bin/bash
# The first process of a pod, as MLSpace starts it (mlspace-facts §2.1, §3): sshd in all of them; in the master, when every
# worker answers there, Open MPI's mpirun with tagged output and the list of hosts. Arguments: the command of each rank.
# From the executor: POD_ADDRESS, POD_JOB, POD_HOSTS ("<pod>.<job> …" in the order of ranks), POD_RANKS (per host).

ip -batch - <<END
link set lo up
addr add $POD_ADDRESS/16 dev eth0
link set eth0 up
END
mkdir -p /run/sshd

# Of this network namespace only: a peer that is cut off is lost after 3 seconds, not after 2 hours.
echo 1 >/proc/sys/net/ipv4/tcp_keepalive_time
echo 1 >/proc/sys/net/ipv4/tcp_keepalive_intvl
echo 2 >/proc/sys/net/ipv4/tcp_keepalive_probes

if [[ $HOSTNAME != *-mpimaster-0 ]]; then
  exec /usr/sbin/sshd -D -e
fi

/usr/sbin/sshd
echo "Job $POD_JOB (binary) is starting..."
echo "🕒 Waiting for workers to be ready... 🕒"
slots= size=0
for host in $POD_HOSTS; do
  until (: >"/dev/tcp/$host/2222") 2>/dev/null; do sleep 0.02; done
  pod=${host%%.*}
  echo "Connecting to ${pod#"$POD_JOB"-} ..... Ready ✓"
  slots+=$host:$POD_RANKS,
  size=$((size + POD_RANKS))
done
echo "🚀 All workers are READY 🚀"

ssh_options="-p 2222 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
env -u POD_ADDRESS -u POD_HOSTS -u POD_JOB -u POD_RANKS \
  mpirun --allow-run-as-root --tag-output -np $size --host "$slots" --mca plm_rsh_args "$ssh_options" "$@" &
mpirun=$!
trap 'kill -TERM $mpirun' TERM
while kill -0 $mpirun 2>/dev/null; do
  wait $mpirun
  code=$?
done
exit $code
