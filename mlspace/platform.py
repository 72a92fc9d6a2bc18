"""The platform as a command finds it: the configured Gateway, or the embedded one, and the cluster that it makes for Slurm."""

from __future__ import annotations

import os

from mlspace.configuration import config
from mlspace.errors import GatewayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mlspace.cluster.cluster import Cluster
    from mlspace.cluster.delivery import Delivery
    from mlspace.configuration.config import Config
    from mlspace.configuration.site import Site
    from mlspace.context import Context
    from mlspace.gateway.catalog import Catalog
    from mlspace.gateway.client import Client
    from mlspace.local.endpoint import Endpoint

LONG_PAUSE_SECONDS = 3.0


class Platform:
    """Each part is opened when it is first needed. Methods raise MlspaceError.

    make_state_dir: called before the embedded MLSpace is started there. can_start: whether it may be: not from inside a job, at whose
    end it would end. is_led_elsewhere: whether the registry is led on another host, where the embedded MLSpace is then, too.
    """

    def __init__(
        self,
        context: Context,
        state_dir: str,
        make_state_dir: Callable[[], object],
        can_start: Callable[[], bool],
        is_led_elsewhere: Callable[[], bool],
    ) -> None:
        self.context = context
        self.state_dir = state_dir
        self._make_state_dir = make_state_dir
        self._can_start = can_start
        self._is_led_elsewhere = is_led_elsewhere
        self._config: Config | None = None
        self._cluster: Cluster | None = None
        self._client: Client | None = None
        self._client_url = ""

    @property
    def config(self) -> Config:
        if self._config is None:
            self._config = config.read_for(self.context)
        return self._config

    @property
    def cluster(self) -> Cluster:
        if self._cluster is None:
            self._cluster = self._remote_cluster() if self.config.is_remote else self._local_cluster()
        return self._cluster

    def gateway(self) -> Client:
        """The client of the configured Gateway, or of the embedded one, which is started if it must: each time, it may have been killed."""
        local = None if self.config.is_remote else self._endpoint()
        url = self.config["endpoint"] if local is None else local.url
        if self._client is None or self._client_url != url:
            if local is None:
                from mlspace.gateway.opening import open_client

                self._client = open_client(self.config, self.state_dir, self._tell_of_pause)
            else:
                from mlspace.gateway.opening import client_at

                words = (local.client_id, local.client_secret, local.api_key, local.workspace_id)
                self._client = client_at(url, words, self.state_dir)
            self._client_url = url
        return self._client

    def _tell_of_pause(self, error: GatewayError, seconds: float) -> None:
        """A person who waits is told why; not of what passes in a breath."""
        if seconds >= LONG_PAUSE_SECONDS:
            self.context.warn(f"{self.context.program}: {error.lines[0]}; trying again in {seconds:.0f} s")

    @property
    def workspace_id(self) -> str:
        return self.config["workspace_id"] if self.config.is_remote else self._endpoint().workspace_id

    @property
    def local_directory(self) -> str:
        return os.path.join(self.state_dir, "local")

    def _endpoint(self) -> Endpoint:
        from mlspace.local import daemon, endpoint

        directory = self.local_directory
        if self._can_start():
            self._make_state_dir()
            if self._is_led_elsewhere() and (found := endpoint.read(directory)) is not None:
                return found  # it cannot be reached from here, and a second one must not be
            return daemon.ensure_running(directory, self.context.environ)
        # What is started inside a job ends with it; so a job leaves what it cannot do to the next command outside.
        living = endpoint.read_living(directory)
        if living is None:
            raise GatewayError("the embedded MLSpace is not running, and is not started from inside a job", transient=True)
        return living

    def _local_cluster(self) -> Cluster:
        from mlspace.cluster.cluster import Cluster
        from mlspace.cluster.delivery import Delivery
        from mlspace.installation import launcher_path

        local, site = self._endpoint(), self.site
        return Cluster.from_shape(local.shape, local.node_names, delivery=Delivery(launcher_path(self.context.environ)), site=site)

    def _remote_cluster(self) -> Cluster:
        from mlspace.cluster.cluster import SETTLE_SECONDS, Cluster

        site, told = self.site, self.config["settle_seconds"]
        settle_seconds = float(told) if told else SETTLE_SECONDS
        return Cluster.from_catalog(
            self.catalog(),
            region=self.config["region"],
            delivery=self._delivery(),
            settle_seconds=settle_seconds,
            site=site,
        )

    def _delivery(self) -> Delivery:
        from mlspace.cluster.delivery import Delivery, storages
        from mlspace.installation import launcher_path

        environ, rows = self.context.environ, self.site.sections["regions"]
        by_hand = {region: row["launch"] for region, row in rows.items() if "launch" in row}
        seen = storages(rows, environ.get("CLUSTER_KEY", ""), self.context.home)
        return Delivery(self.config["launch"], by_hand, seen, lambda: launcher_path(environ), self.config.own_file)

    def catalog(self, *, anew: bool = False) -> Catalog:
        """What the Gateway has and offers, some minutes old at most; anew: of this moment."""
        from mlspace.cluster import catalogue
        from mlspace.gateway.catalog import Place

        values, rows = self.config, self.site.sections["partitions"].values()
        places = [Place(row.get("region", values["region"]), row.get("allocation", ""), row.get("queue", "")) for row in rows]
        asked = [place for place in places if place.region]
        whose = hash_of(values["endpoint"], values["workspace_id"], *("/".join(place) for place in asked))
        kept = catalogue.Kept(os.path.join(self.state_dir, f"catalog-{whose}.json"), self.context.now())
        found = None if anew else kept.read()
        if found is None:
            found = catalogue.read(self.gateway(), self.workspace_id, asked)
            kept.write(found)
        return found

    @property
    def site(self) -> Site:
        """The names that the configuration gives."""
        from mlspace.configuration.site import Site

        return Site.read(self.config.sections, file=self.config.own_file, unknown=self.config["unknown_names"])


def hash_of(*words: str) -> str:
    """Part of a file's name, another one for other words."""
    import hashlib

    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
