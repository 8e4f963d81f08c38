"""The service on a Citus cluster, whose nodes are killed and frozen, and whose shards are moved.

The cluster is that of `CITUS_DATABASE_URL`. Its nodes are processes of this machine, which
whoever runs this may stop and start, and they ask nobody for a password.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from padws.embedded import temporary
from padws.embedded.ends_with_parent import ChildProcess
from tests.faults.catalogue import AWAY, FREEZE, Fault, postgres_frozen, postgres_killed
from tests.faults.place import Place, serving, write
from tests.helpers import citus, databases
from tests.helpers.parts import Part
from tests.helpers.programs import psql
from tests.helpers.waiting import wait_until

ROLES = {"service": "padws_faults", "migrations": "padws_faults_m", "monitoring": "padws_faults_v"}

#: Enough connections for every writer: what is to be seen is that a node's trouble stays its own.
CONNECTIONS = 8

#: Seconds without an acknowledged save that whoever is on another node may meet.
DISTURBANCE = 1.0

_NODE_OF = """
    SELECT nodeport FROM citus_shards
    WHERE shardid = get_shard_id_for_distribution_column('pad_ws.pads', %s::uuid)
"""
_MOVE = """
    SELECT citus_move_shard_placement(shardid, nodename, nodeport, %s, %s, 'force_logical')
    FROM citus_shards
    WHERE table_name = 'pad_ws.pads'::regclass AND nodeport = %s
    LIMIT 1
"""


class Node(Part):
    """A node of the cluster: a PostgreSQL that somebody has started on this machine."""

    def __init__(self, host: str, port: int):
        self.host, self.port = host, port
        self.url = citus.url_on((host, port), "postgres")
        ((directory,),) = databases.query(self.url, "SHOW data_directory")
        self._pid_file = Path(directory) / "postmaster.pid"
        self._command, self._user = self.process.cmdline(), self.process.uids().real
        self._group, self._environment = self.process.gids().real, self.process.environ()

    @property
    def process(self) -> psutil.Process:
        """Its first process."""
        return psutil.Process(int(self._pid_file.read_text().split()[0]))

    def start(self) -> None:
        """Start it as it was started, and wait until it can be used."""
        nothing = subprocess.DEVNULL
        subprocess.Popen(
            self._command,
            user=self._user,
            group=self._group,
            env=self._environment,
            extra_groups=[],
            cwd="/",
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            start_new_session=True,
        )
        wait_until(self._is_ready, f"the node at {self.port} is back")

    def stop(self, end: Callable[[ChildProcess], int] = ChildProcess.stop) -> None:
        """Stop it: as a crash would, whatever `end` is."""
        first = self.process
        everything = [first, *first.children()]
        for each in everything:
            each.send_signal(signal.SIGKILL)
        psutil.wait_procs(everything, timeout=60)

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass(frozen=True)
class Cluster(Place):
    """A place whose database is spread over nodes; the coordinator is its `postgres`."""

    nodes: tuple[Node, ...] = ()
    disturbances: dict[str, float] = field(default_factory=dict)

    def disturbed(self) -> list[str]:
        """Where people on another node have noticed more than they may."""
        return [
            f"Citus: node {fault}: {gap:.1f} s without a save on another node"
            for fault, gap in self.disturbances.items()
            if gap > DISTURBANCE
        ]

    def run(self, query: str, *values: Any) -> None:
        """Run a statement that may take long."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(query.encode(), values or None)

    def any_node(self) -> Node:
        """One of those that hold writers' pads."""
        ports = {self.port_of(each.name) for each in self.writers}
        return random.choice([each for each in self.nodes if each.port in ports])

    def port_of(self, name: str) -> int:
        """The port of the node that has a writer's pad."""
        (writer,) = (each for each in self.writers if each.name == name)
        ((owner,),) = (
            row.values()
            for row in self.sql("SELECT owner_id FROM pad_ws.pads WHERE id = %s", writer.pad_id)
        )
        (found,) = self.sql(_NODE_OF, owner)
        return int(found["nodeport"])


@contextmanager
def running_cluster(writers: int) -> Iterator[Cluster]:
    """The service on a new database of the cluster, with writers who are saving."""
    with ExitStack() as stack:
        directory = stack.enter_context(temporary.data_directory())
        url = stack.enter_context(citus.database(f"padws_faults_{uuid.uuid4().hex}"))
        citus.distribute(url)
        psql(url, citus.SCRIPTS.parent / "postgresql" / "roles.sql", **ROLES)
        psql(url, citus.SCRIPTS / "roles.sql", service=ROLES["service"])
        coordinator, *nodes = (Node(*each) for each in citus.nodes())
        place = serving(
            stack, directory, coordinator, [_as_service(url)] * 2, DB_POOL_MAX_SIZE=str(CONNECTIONS)
        )
        cluster = Cluster(
            **{**vars(place), "database_url": url, "pool": CONNECTIONS, "nodes": tuple(nodes)}
        )
        write(stack, cluster, writers)
        yield cluster


def _as_service(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{ROLES['service']}@{host}").geturl()


@contextmanager
def _others_are_served(place: Place, fault: str, node: Node) -> Iterator[None]:
    """Note how long whoever is on another node goes without an acknowledged save meanwhile."""
    assert isinstance(place, Cluster)
    others = [each for each in place.writers if place.port_of(each.name) != node.port]
    for each in others:
        each.forget()
    yield
    longest = max((each.gap() for each in others), default=0.0)
    place.disturbances[fault] = max(longest, place.disturbances.get(fault, 0.0))


def node_killed(place: Place) -> None:
    """A node dies, and is started again."""
    assert isinstance(place, Cluster)
    node = place.any_node()
    with _others_are_served(place, "killed", node):
        node.kill()
        time.sleep(AWAY * 3)
    node.start()


def node_frozen(place: Place) -> None:
    """A node keeps its connections and answers nothing."""
    assert isinstance(place, Cluster)
    node = place.any_node()
    with _others_are_served(place, "frozen", node), node.frozen():
        time.sleep(FREEZE)


def shard_moved(place: Place) -> None:
    """A shard with its pads goes to another node, while they are saved."""
    assert isinstance(place, Cluster)
    there, to = random.sample(place.nodes, 2)
    place.run(_MOVE, to.host, to.port, there.port)


def rebalanced(place: Place) -> None:
    """Shards go to one node by one, and are spread evenly again."""
    assert isinstance(place, Cluster)
    there, to = random.sample(place.nodes, 2)
    for _ in range(citus.SHARDS // 4):
        place.run(_MOVE, to.host, to.port, there.port)
    place.run("SELECT rebalance_table_shards(shard_transfer_mode := 'force_logical')")


CLUSTER_FAULTS = (
    Fault("Citus: node killed, crash recovery", node_killed),
    Fault("Citus: node frozen", node_frozen),
    Fault("Citus: shard moved", shard_moved),
    Fault("Citus: shards rebalanced", rebalanced),
    Fault("Citus: coordinator killed, crash recovery", postgres_killed),
    Fault("Citus: coordinator frozen", postgres_frozen),
)
