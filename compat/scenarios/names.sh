# Names that this cluster knows, in Slurm's own words and in ours, and an idle cluster. Nodes as in queue.sh.
# Accounts root and vision, QOS normal and urgent, feature hopper, license matlab; partitions small and wide have limits of their own.
printf '#!/bin/sh\nexit 3\n' >good.sh
if [ -n "${SLURM_CONF-}" ]; then
    sacctmgr -i add account vision >/dev/null
    sacctmgr -i add user root account=vision >/dev/null
    sacctmgr -i add qos urgent >/dev/null
    sacctmgr -i modify user root set qos+=urgent >/dev/null
    sed -i -e 's/^NodeName=.*/& Feature=hopper/' "$SLURM_CONF"
    cat >>"$SLURM_CONF" <<EOF
AccountingStorageEnforce=associations,qos
Licenses=matlab:4
PartitionName=small Nodes=n[5-8] MaxNodes=2 MaxTime=60 MaxMemPerNode=1000 State=UP
PartitionName=wide Nodes=ALL MinNodes=2 State=UP
EOF
    pid=$(cat "${SLURM_CONF%/*}/run/slurmctld.pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    slurmctld -f "$SLURM_CONF" </dev/null >/dev/null 2>&1
    until [ "$(sinfo -h -N -p debug -t idle -o %N 2>/dev/null | wc -l)" = 8 ]; do sleep 0.1; done
else
    mkdir -p "$HOME/.config/mlspace"
    cat >"$HOME/.config/mlspace/config.yaml" <<EOF
accounts: {root: local, vision: local}
qos: {normal: medium, urgent: high}
features: {hopper: {}}
licenses: [matlab]
partitions:
  small: {nodes: 'n[5-8]', max_nodes: 2, max_time: 60, max_mem_per_node: 1000}
  wide: {min_nodes: 2}
EOF
    chmod 600 "$HOME/.config/mlspace/config.yaml"
fi
