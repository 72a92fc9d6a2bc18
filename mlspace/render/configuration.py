"""`scontrol show config`: every key that slurmctld of 22.05 has, with what is true here. Source: slurm.conf(5); scontrol 22.05."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlspace.cluster.cluster import Cluster


def config(cluster: Cluster, values: Mapping[str, str], now: str) -> str:
    """The answer of `show config`. values: what is neither the same everywhere nor the cluster's."""
    known = {
        "ClusterName": cluster.name,
        "GresTypes": "gpu" if any(node.gpus for node in cluster.nodes) else "(null)",
        "MaxNodeCount": str(len(cluster.nodes)),
        **values,
    }
    lines = [f"Configuration data as of {now}"]
    for key, value in CONFIG.items():
        if key == PER_NODE and cluster.def_mem_per_cpu:
            lines.append(f"{PER_CPU:<23} = {cluster.def_mem_per_cpu}")
        else:
            lines.append(f"{key:<23} = {known.get(key, value)}")
    return "\n".join(lines) + "\n"


PER_NODE = "DefMemPerNode"
PER_CPU = "DefMemPerCPU"
"""Slurm names the one of the two that is set."""

TEXT = """
AccountingStorageBackupHost = (null)
AccountingStorageEnforce = none
AccountingStorageHost = localhost
AccountingStorageExternalHost = (null)
AccountingStorageParameters = (null)
AccountingStoragePort = 0
AccountingStorageTRES = cpu,mem,energy,node,billing,fs/disk,vmem,pages,gres/gpu
AccountingStorageType = accounting_storage/sqlite
AccountingStorageUser = N/A
AccountingStoreFlags = job_comment,job_env,job_script
AcctGatherEnergyType = acct_gather_energy/none
AcctGatherFilesystemType = acct_gather_filesystem/none
AcctGatherInterconnectType = acct_gather_interconnect/none
AcctGatherNodeFreq = 0 sec
AcctGatherProfileType = acct_gather_profile/none
AllowSpecResourcesUsage = No
AuthAltTypes = (null)
AuthAltParameters = (null)
AuthInfo = (null)
AuthType = auth/none
BatchStartTimeout = 60 sec
BcastExclude = (null)
BcastParameters = (null)
BOOT_TIME = Unknown
BurstBufferType = (null)
CliFilterPlugins = (null)
ClusterName = mlspace
CommunicationParameters = (null)
CompleteWait = 0 sec
CoreSpecPlugin = core_spec/none
CpuFreqDef = Unknown
CpuFreqGovernors = (null)
CredType = cred/none
DebugFlags = (null)
DefMemPerNode = UNLIMITED
DependencyParameters = (null)
DisableRootJobs = No
EioTimeout = 60
EnforcePartLimits = ALL
Epilog = (null)
EpilogMsgTime = 0 usec
EpilogSlurmctld = (null)
ExtSensorsType = ext_sensors/none
ExtSensorsFreq = 0 sec
FederationParameters = (null)
FirstJobId = 1
GetEnvTimeout = 2 sec
GresTypes = gpu
GpuFreqDef = (null)
GroupUpdateForce = 0
GroupUpdateTime = 0 sec
HASH_VAL = Match
HealthCheckInterval = 0 sec
HealthCheckNodeState = ANY
HealthCheckProgram = (null)
InactiveLimit = 0 sec
InteractiveStepOptions = (null)
JobAcctGatherFrequency = 0
JobAcctGatherType = jobacct_gather/none
JobAcctGatherParams = (null)
JobCompHost = localhost
JobCompLoc = (null)
JobCompPort = 0
JobCompType = jobcomp/none
JobCompUser = (null)
JobContainerType = job_container/none
JobCredentialPrivateKey = (null)
JobCredentialPublicCertificate = (null)
JobDefaults = (null)
JobFileAppend = 0
JobRequeue = 1
JobSubmitPlugins = (null)
KillOnBadExit = 0
KillWait = 30 sec
LaunchParameters = (null)
LaunchType = launch/mlspace
Licenses = (null)
LogTimeFormat = iso8601
MailDomain = (null)
MailProg = (null)
MaxArraySize = 10001
MaxDBDMsgs = 0
MaxJobCount = 4294967295
MaxJobId = 4294967295
MaxMemPerNode = UNLIMITED
MaxNodeCount = 0
MaxStepCount = 40000
MaxTasksPerNode = 65533
MCSPlugin = mcs/none
MCSParameters = (null)
MessageTimeout = 30 sec
MinJobAge = 300 sec
MpiDefault = none
MpiParams = (null)
MULTIPLE_SLURMD = No
NEXT_JOB_ID = 1
NodeFeaturesPlugins = (null)
OverTimeLimit = 0 min
PluginDir = (null)
PlugStackConfig = (null)
PowerParameters = (null)
PowerPlugin =
PreemptMode = OFF
PreemptType = preempt/none
PreemptExemptTime = 00:00:00
PrEpParameters = (null)
PrEpPlugins = (null)
PriorityParameters = (null)
PrioritySiteFactorParameters = (null)
PrioritySiteFactorPlugin = (null)
PriorityType = priority/basic
PrivateData = none
ProctrackType = proctrack/linuxproc
Prolog = (null)
PrologEpilogTimeout = 65534
PrologSlurmctld = (null)
PrologFlags = (null)
PropagatePrioProcess = 0
PropagateResourceLimits = ALL
PropagateResourceLimitsExcept = (null)
RebootProgram = (null)
ReconfigFlags = (null)
RequeueExit = (null)
RequeueExitHold = (null)
ResumeFailProgram = (null)
ResumeProgram = (null)
ResumeRate = 300 nodes/min
ResumeTimeout = 60 sec
ResvEpilog = (null)
ResvOverRun = 0 min
ResvProlog = (null)
ReturnToService = 2
RoutePlugin = route/default
SchedulerParameters = (null)
SchedulerTimeSlice = 30 sec
SchedulerType = sched/builtin
ScronParameters = (null)
SelectType = select/cons_tres
SelectTypeParameters = CR_CORE_MEMORY
SlurmUser = root(0)
SlurmctldAddr = (null)
SlurmctldDebug = info
SlurmctldHost[0] = localhost
SlurmctldLogFile = (null)
SlurmctldPort = 0
SlurmctldSyslogDebug = (null)
SlurmctldPrimaryOffProg = (null)
SlurmctldPrimaryOnProg = (null)
SlurmctldTimeout = 120 sec
SlurmctldParameters = (null)
SlurmdDebug = info
SlurmdLogFile = (null)
SlurmdParameters = (null)
SlurmdPidFile = (null)
SlurmdPort = 0
SlurmdSpoolDir = (null)
SlurmdSyslogDebug = (null)
SlurmdTimeout = 300 sec
SlurmdUser = root(0)
SlurmSchedLogFile = (null)
SlurmSchedLogLevel = 0
SlurmctldPidFile = (null)
SlurmctldPlugstack = (null)
SLURM_CONF = (null)
SLURM_VERSION = 22.05.8
SrunEpilog = (null)
SrunPortRange = 0-0
SrunProlog = (null)
StateSaveLocation = (null)
SuspendExcNodes = (null)
SuspendExcParts = (null)
SuspendProgram = (null)
SuspendRate = 60 nodes/min
SuspendTime = INFINITE
SuspendTimeout = 30 sec
SwitchParameters = (null)
SwitchType = switch/none
TaskEpilog = (null)
TaskPlugin = task/none
TaskPluginParam = (null type)
TaskProlog = (null)
TCPTimeout = 2 sec
TmpFS = /tmp
TopologyParam = (null)
TopologyPlugin = topology/none
TrackWCKey = No
TreeWidth = 65533
UsePam = No
UnkillableStepProgram = (null)
UnkillableStepTimeout = 60 sec
VSizeFactor = 0 percent
WaitTime = 0 sec
X11Parameters = (null)
"""

CONFIG = {key: value.lstrip() for key, _, value in (line.partition(" =") for line in TEXT.split("\n")[1:-1])}
