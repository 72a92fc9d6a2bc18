"""From names as the user wrote them (partition, account, QOS, constraint, GPU type, …) to what this cluster has under them.

A name that the cluster does not know is refused as Slurm refuses it, or, where the site says so, taken with one warning.
"""

from __future__ import annotations

from mlspace.errors import RequestRefused
from mlspace.slurm import gres
from mlspace.slurm.demand import FAILED
from mlspace.slurm.feasibility import BAD_NODE_NAME, NOT_AVAILABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mlspace.cluster.cluster import Cluster, Partition
    from mlspace.configuration.site import Row
    from mlspace.gateway.catalog import InstanceType
    from mlspace.slurm.allocation import Limits
    from mlspace.slurm.request import Component

NO_PARTITION = "Invalid partition name specified"
NO_ACCOUNT = "Invalid account or account/partition combination specified"
NO_QOS = "Invalid qos specification"
NO_LICENSE = "Invalid license specification"
NO_FEATURE = "Invalid feature specification"
NO_PREFERRED = "Invalid preferred feature specification"
NO_RESERVATION = "Requested reservation is invalid"

GPU_OPTIONS = ("gres", "gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket")

REGION_VARIABLE = "MLSPACE_REGION"

KEPT = "kept with the job"
LEFT_OUT = "left out"


class Names:
    """What a component's names mean here.

    partitions: those that --partition lists, at least one. shown: the partition as the job is to show it.
    body: what the names add to the body of POST /jobs. unknown: a phrase for each name that was taken without being known.
    wants: alternatives, each of rows of the site that an instance type must fit together.
    lacking: Slurm's reason for the first name that is not known and not taken, of those that it looks at after the counts, and a hint.
    """

    def __init__(self, component: Component, cluster: Cluster, program: str) -> None:
        self.component = component
        self.cluster = cluster
        self.program = program
        self.unknown: list[str] = []
        self.lacking: tuple[str, str] | None = None
        self.wants: list[list[list[Row]]] = []
        self.has_gpus = True
        self.check_first()
        self.partitions, self.shown = self.find_partitions()
        self.body = self.place()
        self.check_licenses()
        self.check_features()
        self.check_reservation()
        self.check_gpu_types()
        self.unknown += [f"gres {name} ({LEFT_OUT})" for name in gres.others(component["gres"])]

    @property
    def partition(self) -> Partition:
        return self.partitions[0]

    @property
    def warning(self) -> str:
        """One line for all names that were taken without being known; "" for none."""
        return f"warning: this cluster does not know {', '.join(self.unknown)}" if self.unknown else ""

    def limits(self, partition: Partition) -> Limits:
        """What the component is measured against in one of its partitions. Raises RequestRefused where nothing there is of its kind."""
        types = self.types(partition)
        if types is not None and not types:
            raise self.refused(
                NOT_AVAILABLE, f"no instance type of region {partition.region} is what partition, constraint and GPU type name"
            )
        limits = self.cluster.limits(partition, types)
        limits.lacking = self.lacking
        limits.any_gres = self.cluster.site.accepts_unknown
        if not self.has_gpus:
            limits.gpus = 0
        return limits

    def types(self, partition: Partition) -> list[InstanceType] | None:
        """The instance types of the partition that constraint and GPU type leave; None where any will do."""
        types = self.cluster.types(partition)
        if types is None:
            return None
        return [kind for kind in types if all(is_of(kind, alternatives) for alternatives in self.wants)]

    def check_first(self) -> None:
        """What Slurm looks at before the partition: resources that there are nowhere, and names of nodes."""
        others = gres.others(self.component["gres"])
        if others and not self.cluster.site.accepts_unknown:
            raise RequestRefused(gres.INVALID, f"  there is no {others[0]} here, only gpu")
        if self.cluster.catalog is None:
            known = {node.name for node in self.cluster.nodes}
            for name in (*(self.component["nodelist"] or ()), *(self.component["exclude"] or ())):
                if name not in known:
                    raise self.refused(BAD_NODE_NAME, f"there is no node {name}")

    # Partition, account, QOS: where the job goes.

    def find_partitions(self) -> tuple[list[Partition], str]:
        component, cluster = self.component, self.cluster
        text, region = component["partition"], component["region"]
        if text is not None and component.origin("region") == REGION_VARIABLE:
            region = None  # it is that of jobs that name no partition
        if text is None and region is not None:
            of_region = [one for one in cluster.partitions if one.region == region]
            if not of_region:
                known = ", ".join(dict.fromkeys(one.region for one in cluster.partitions))
                raise RequestRefused(f"--region={region}: there is no such region", f"  the regions here are {known}")
            found = [next((one for one in of_region if one.default), of_region[0])]
        elif text is None:
            found = [default] if (default := cluster.partition(None)) else []
            if not found:
                raise self.refused(NO_PARTITION, "No partition specified or system default partition")
        else:
            found = self.partitions_of(text)
        for one in found:
            if region not in (None, one.region):
                raise RequestRefused(f"--region={region}: the partition {one.name} is in region {one.region}")
        shown = found[0].name
        return found, text if text and self.unknown else shown

    def partitions_of(self, text: str) -> list[Partition]:
        """--partition, a list with commas between."""
        found, missing = [], []
        for name in dict.fromkeys(filter(None, text.split(","))):
            partition = self.cluster.partition(name)
            if partition is None:
                missing.append(name)
            else:
                found.append(partition)
        default = self.cluster.partition(None)
        if self.cluster.site.accepts_unknown and missing and (found or default):
            found = found or [default] if default else found
            self.unknown += [f"partition {name} ({found[0].name} is used)" for name in missing]
        elif missing or not found:
            name = missing[0] if missing else "(null)"
            raise self.refused(NO_PARTITION, *self.how_to_name(name), before=f"invalid partition specified: {name}")
        return found

    def how_to_name(self, name: str) -> list[str]:
        """What to write where, for a name to be a partition."""
        known = self.cluster.partitions
        region = known[0].region if known else "SR006"
        return [
            f"the partitions here are {', '.join(one.name for one in known)}",
            f"to make {name} one, write in {self.cluster.site.file}:",
            "  partitions:",
            f"    {name}: {{region: {region}}}",
        ]

    def place(self) -> dict[str, str]:
        """Fields of the job's body: the partition's, the account's over them, the QOS's priority."""
        partition, sections = self.partition, self.cluster.site.sections
        account = self.known("account", sections["accounts"], NO_ACCOUNT)
        qos = self.known("qos", sections["qos"], NO_QOS)
        fields = {"base_image": partition.image, "priority_class": qos.get("priority_class", "")}
        if self.cluster.has_allocations:  # a queue is one of its allocation's
            row = account if "allocation" in account else {"allocation": partition.allocation, "queue": partition.queue, **account}
            fields |= {"allocation_name": row["allocation"], "queue_name": row.get("queue", "")}
        return {field: value for field, value in fields.items() if value}

    def known(self, option: str, names: Mapping[str, Row], reason: str) -> Row:
        """What the site says of an account or a QOS. Where it has none at all, any will do, as in a Slurm without associations."""
        name = self.component[option]
        row = names.get(name or "")
        if row is None and name:
            label = "QOS" if option == "qos" else option
            if self.cluster.site.accepts_unknown:
                self.unknown.append(f"{label} {name} ({KEPT})")
            elif names:
                raise self.refused(reason, f"known are {', '.join(names)}")
        return row or {}

    # Licenses, constraint, reservation, GPU types: what the job wants there.

    def check_licenses(self) -> None:
        known = self.cluster.site.name_lists["licenses"]
        for item in filter(None, (self.component["licenses"] or "").replace(";", ",").split(",")):
            name = item.partition(":")[0].partition("@")[0]
            if name not in known:
                self.lack("license", name, NO_LICENSE, known)

    def check_reservation(self) -> None:
        known = self.cluster.site.name_lists["reservations"]
        for name in filter(None, (self.component["reservation"] or "").split(",")):
            if name not in known:
                self.lack("reservation", name, NO_RESERVATION, known)

    def check_features(self) -> None:
        """--constraint as alternatives of features that go together; --prefer only as names."""
        features = self.cluster.site.sections["features"]
        for option, reason in (("constraint", NO_FEATURE), ("prefer", NO_PREFERRED)):
            alternatives = read_constraint(self.component[option] or "")
            named = list(dict.fromkeys(name for together in alternatives for name in together))
            missing = [name for name in named if name not in features]
            for name in missing:
                self.lack("preferred feature" if option == "prefer" else "constraint", name, reason, features)
            if option == "constraint" and named and not missing:
                rows = [[features[name] for name in together] for together in alternatives]
                self.wants.append(rows)

    def check_gpu_types(self) -> None:
        """gpu:TYPE. A type is a name of the site, or a family of instance types; the embedded MLSpace's nodes have one, or none."""
        wanted = [kind for option in GPU_OPTIONS for name, kind, _ in self.component[option] or () if name == "gpu" and kind]
        named, families = self.cluster.site.sections["gpu_types"], self.cluster.gpu_types(self.partition)
        for name in dict.fromkeys(str(kind) for kind in wanted):
            row = named.get(name) or named.get(name.lower()) or {"gpu": self.cluster.gpu_family(name)}
            if row["gpu"].lower() in families:
                self.wants.append([[row]])
            elif self.cluster.site.accepts_unknown:
                self.unknown.append(f"GPU type {name} (any GPU is used)")
            else:
                self.has_gpus = False

    def lack(self, label: str, name: str, reason: str, known: Collection[str]) -> None:
        if self.cluster.site.accepts_unknown:
            self.unknown.append(f"{label} {name} ({LEFT_OUT})")
        elif self.lacking is None:
            hint = f"known are {', '.join(known)}" if known else f"there are none here; {self.cluster.site.file} can name them"
            self.lacking = reason, hint

    def refused(self, reason: str, *hints: str, before: str = "") -> RequestRefused:
        lines = [before] if before else []
        return RequestRefused(*lines, FAILED[self.program] + reason, *(f"  {hint}" for hint in hints), reason=reason)


def read_constraint(text: str) -> list[list[str]]:
    """`a&b|c` is [["a", "b"], ["c"]]: alternatives of what goes together. Counts (a*2) and brackets say nothing here."""
    for mark in "[]()":
        text = text.replace(mark, "")
    alternatives = [[name.partition("*")[0] for name in part.replace(",", "&").split("&") if name] for part in text.split("|")]
    return [together for together in alternatives if together]


def is_of(kind: InstanceType, alternatives: list[list[Row]]) -> bool:
    """Whether an instance type fits all rows of one of the alternatives."""
    from mlspace.gateway.catalog import fits

    return any(all(fits(kind, row.get("gpu", ""), row.get("instance_types", ())) for row in together) for together in alternatives)
