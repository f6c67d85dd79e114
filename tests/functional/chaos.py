# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Three daemons through chaos: ``python -m tests.functional.chaos --runs 20 --seed 1``.

Three processes share a MariaDB, a RabbitMQ and a coordinator, all of them private and real; that
is Redis for odd seeds and etcd for even ones, unless ``--coordinator`` names one.  One of the
daemons is asked over RPC for a sweep, whichever takes the request.  While leaks are deleted things
go wrong, one to three of these, after so many requests to delete as the seed chooses: the leader
or a standby is killed and started again, the leader is restarted or paused for longer than its
lease, RabbitMQ is down for thirty seconds, the coordinator is killed and started again, when Redis
has forgotten all, MariaDB is killed and started again.  With seven seeds in a row each of these
seven is the first that goes wrong, and each comes with either coordinator in fourteen.

Then what is true in ``killing`` is true, read from the emulator's own log, or the run fails: all
leaks are gone, nothing else is, the one sweep is certified as clean, each removal was written down
before, and nothing is asked to go that the service has accepted to remove before.  But one thing
cannot be kept back: what a paused leader was just sending arrives when it wakes, and is answered
with 404.
"""

import argparse
import collections
from collections.abc import Sequence
from concurrent import futures
import contextlib
import pathlib
import signal
import sys
import tempfile
import threading
import time
import traceback
from urllib import parse

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.engine import sweep as engines
from cleanupd.journal import database
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store
from cleanupd.rpc import transport
from tests import emulator
from tests.emulator import scenes
from tests.emulator.scenes import benchmark
from tests.functional import coordinators
from tests.functional import daemon_process
from tests.functional import killing
from tests.functional.journal import servers
from tests.sandbox import broker as brokers

LEAKS = benchmark.Plan(tenants=6, users=2, servers=5, volumes=2)
FAULTS = (
    *("leader_killed", "leader_restarted", "standby_killed", "leader_paused"),
    *("broker_down", "coordinator_restarted", "database_killed"),
)
HOSTS = ("one", "two", "three")
LEASE_S = 4
DOWN_S = 30.0
#: As much is enough to see that it works at all.
QUICK_LEAKS = benchmark.Plan(tenants=4)
QUICK_DOWN_S = 4.0
QUICK_MOST = 20
DEADLINE_S = 240.0
OPTIONS = {"max_retries": 1, "retry_interval": 0, "db_max_retries": 60, "db_retry_interval": 1}
MORE = """\
[rpc]
enabled = true
topic = {topic}
[database]
connection = {database}
db_max_retries = 60
[coordination]
backend_url = {coordinator}
lease = {lease}
"""


class Services:
    """What the daemons share."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Start all of it, as long as the stack is open."""
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "broker").mkdir()
        self.mariadb = stack.enter_context(servers.running("mariadb"))
        self._coordinators: dict[str, coordinators.Coordinator] = {}
        self._folder, self._stack = folder, stack
        self.broker = brokers.Broker(folder / "broker")
        stack.callback(self.broker.close)
        self.broker.start()

    def coordinator(self, name: str) -> coordinators.Coordinator:
        """Return the one of this name, which runs."""
        if name not in self._coordinators:
            made = coordinators.running(name, self._folder)
            self._coordinators[name] = self._stack.enter_context(made)
        return self._coordinators[name]

    def make_place(self, name: str) -> places.Place:
        """Return the place of a journal in a database of its own."""
        url = self.mariadb.url(name)
        place = places.Place(url=url, options=OPTIONS, host="chaos")
        words = f"CREATE DATABASE {name} CHARACTER SET utf8mb4"
        for _ in range(300):
            try:
                run_alone(self.mariadb.url(), words)
                break
            except exceptions.JournalFailed:
                time.sleep(0.1)
        database.Database(place).upgrade()
        return place


def run_alone(url: str, statement: str) -> None:
    """Run a statement at a server."""
    options = {"max_retries": 1, "retry_interval": 0, "db_max_retries": 0}
    place = places.Place(url=url, options=options)
    database.Database(place)._run_once(lambda c: c.exec_driver_sql(statement))  # noqa: SLF001


class Run(killing.Run):
    """One run: a cloud, three daemons, and what goes wrong."""

    def __init__(
        self, folder: pathlib.Path, seed: int, services: Services, asked: argparse.Namespace
    ) -> None:
        """Fill the cloud; nothing runs yet."""
        super().__init__(folder, seed, QUICK_LEAKS if asked.quick else LEAKS)
        self._down_s = QUICK_DOWN_S if asked.quick else DOWN_S
        self._services = services
        self._seed = seed
        #: The name of the one of this run.
        self.coordinator = asked.coordinator or ("etcd", "redis")[seed % 2]
        self._place = services.make_place(f"chaos{seed}_{time.time_ns()}")
        #: How often something was asked to go.
        self.deletes = 0
        self._members: dict[str, daemon_process.DaemonProcess] = {}
        self._changed = threading.Condition()
        self._is_over = False
        count = self.dice.choice((1, 2, 2, 3))
        names = [FAULTS[seed % len(FAULTS)], *self.dice.choices(FAULTS, k=count - 1)]
        #: After how many requests to delete what is to go wrong.
        most = QUICK_MOST if asked.quick else len(self.killed.ids()) // 2
        self.faults = self._plan(asked.faults or names, most)
        #: What did, in time.
        self.happened: list[tuple[int, str]] = []

    def _plan(self, names: Sequence[str], most: int) -> list[tuple[int, str]]:
        return list(zip(sorted(self.dice.randint(1, most) for _ in names), names, strict=True))

    @property
    def journal(self) -> sql.Journal:
        """What the daemons have written."""
        return sql.Journal(self._place)

    def heard(self, entry) -> None:
        """Others go on with their work, and the next fault comes nearer."""
        super().heard(entry)
        if entry.method == "DELETE":
            with self._changed:
                self.deletes += 1
                self._changed.notify()

    def sweep(self) -> None:
        """Ask for a sweep, let things go wrong, and see that all is well in the end."""
        with emulator.running(self.cloud) as url, contextlib.ExitStack() as stack:
            for host in HOSTS:
                stack.callback(self._add(host, url).end)
            for member in self._members.values():
                member.wait_for("cleanupd is ready", seconds=60)
            client = self._connect()
            target = engines.Target(workloads=(scenes.KILLED,))
            sweep = _persist(lambda: client.start(target))
            with futures.ThreadPoolExecutor(1) as pool:
                chaos = pool.submit(self._spoil)
                try:
                    self._wait(sweep.id)
                finally:
                    with self._changed:
                        self._is_over = True
                        self._changed.notify()
            chaos.result()
            shown = _persist(lambda: client.sweep(sweep.id))
            assert shown.state is store.State.DONE, shown
            for member in self._members.values():
                assert member.stop() == 0, member.log
        self._check()
        self._check_chaos(sweep.id)

    def _add(self, host: str, url: str) -> daemon_process.DaemonProcess:
        folder = self.folder / host
        folder.mkdir()
        member = daemon_process.DaemonProcess(folder, url)
        more = MORE.format(
            topic=f"chaos-{self._seed}",
            database=self._place.url,
            coordinator=self._services.coordinator(self.coordinator).url,
            lease=LEASE_S,
        )
        default = f"host = {host}\ntransport_url = {self._services.broker.url}"
        sweep = "mode = enforce\nworkers = 3"
        member.configure(default=default, sweep=sweep, more=more, hears="true")
        member.start()
        self._members[host] = member
        return member

    def _connect(self):
        file = str(self._members["one"].file)
        conf = loading.load(["--config-file", file])
        transport.register_opts(conf)
        conf.set_override("rpc_response_timeout", 10)
        return transport.connect(conf, settings.make_settings(conf).address)

    def _wait(self, sweep_id: str) -> None:
        """Return when the sweep is seen to."""
        deadline = time.monotonic() + DEADLINE_S
        journal = self.journal
        while time.monotonic() < deadline:
            if not journal.queue("emulated", "RegionOne").pending():
                return
            time.sleep(0.3)
        raise AssertionError(
            f"sweep {sweep_id}: {journal.sweep(sweep_id).state}\n"
            + "\n".join(f"{host}:\n{one.log[-5000:]}" for host, one in self._members.items())
        )

    # What goes wrong.

    def _spoil(self) -> None:
        for moment, fault in self.faults:
            with self._changed:
                self._changed.wait_for(lambda at=moment: self.deletes >= at or self._is_over)
                if self._is_over:
                    return
                self.happened.append((self.deletes, fault))
            getattr(self, f"_{fault}")()

    def _leader(self) -> daemon_process.DaemonProcess:
        return self._members[self.journal.leader("emulated", "RegionOne").host]

    def _restart(self, member: daemon_process.DaemonProcess, number: signal.Signals) -> None:
        member.signal(number)
        member.wait(90)
        time.sleep(1)
        member.start()
        member.wait_for("cleanupd is ready", member.log.count("cleanupd is ready") + 1, 90)

    def _leader_killed(self) -> None:
        """The leader is killed, and started again."""
        self._restart(self._leader(), signal.SIGKILL)

    def _leader_restarted(self) -> None:
        """The leader is restarted in order."""
        self._restart(self._leader(), signal.SIGTERM)

    def _standby_killed(self) -> None:
        """Another one is killed, and started again."""
        leader = self._leader()
        others = [one for one in self._members.values() if one is not leader]
        self._restart(self.dice.choice(others), signal.SIGKILL)

    def _leader_paused(self) -> None:
        """The leader does nothing for longer than its lease."""
        leader = self._leader()
        leader.signal(signal.SIGSTOP)
        time.sleep(LEASE_S * 2)
        leader.signal(signal.SIGCONT)

    def _broker_down(self) -> None:
        """RabbitMQ is away for half a minute."""
        self._services.broker.stop()
        time.sleep(self._down_s)
        self._services.broker.start()

    def _coordinator_restarted(self) -> None:
        """Redis forgets all locks, etcd none."""
        coordinator = self._services.coordinator(self.coordinator)
        coordinator.stop()
        time.sleep(2)
        coordinator.start()

    def _database_killed(self) -> None:
        """MariaDB is killed, and comes back."""
        self._services.mariadb.stop()
        time.sleep(2)
        self._services.mariadb.start()

    # What is true.

    def _check(self) -> None:
        assert not self.production.missing(self.cloud)
        assert not self.running.missing(self.cloud)
        assert not self.newcomers.missing(self.cloud)
        for sweep in self.journal.sweeps():
            self._check_events(sweep)
        self._check_removals()

    def _check_chaos(self, sweep_id: str) -> None:
        assert not self.killed.left(self.cloud)
        [sweep] = self.journal.sweeps()
        assert (sweep.id, sweep.state) == (sweep_id, store.State.DONE)
        assert sweep.certificate.is_clean
        assert all(result.is_gone for result in sweep.results)
        removed, late = set(), []
        for entry in self.cloud.requests.entries("DELETE"):
            path = parse.urlsplit(entry.path)
            if path in removed:
                late.append(entry)
            elif entry.status < 300:
                removed.add(path)
        has_paused = any(fault == "leader_paused" for _, fault in self.happened)
        assert not late or has_paused, f"sent again: {late}"
        assert {entry.status for entry in late} <= {404}, f"sent again: {late}"


def _persist(ask):
    """Return an answer, though daemons and broker come and go."""
    deadline = time.monotonic() + 90
    while True:
        try:
            return ask()
        except exceptions.CleanupdError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def main() -> int:
    """Make so many runs and tell of each what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20, help="how many (20)")
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others follow (1)")
    parser.add_argument("--coordinator", choices=sorted(coordinators.SERVERS), help="this alone")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, help="these, and not the seed's")
    parser.add_argument("--quick", action="store_true", help="less and sooner: a sample")
    asked = parser.parse_args()
    failed, counts = [], collections.Counter()
    with contextlib.ExitStack() as stack:
        services = Services(stack)
        for seed in range(asked.seed, asked.seed + asked.runs):
            started = time.monotonic()
            verdict, run = _make(seed, services, asked)
            if verdict != "well":
                failed.append(seed)
            told = ", ".join(f"{fault} at delete {at}" for at, fault in run.happened)
            counts.update({(fault, run.coordinator) for _, fault in run.happened})
            sys.stdout.write(
                f"seed {seed}: {verdict}; {time.monotonic() - started:.0f} s; {run.coordinator};"
                f" {told or 'nothing in time'}; {run.deletes} in all\n"
            )
            sys.stdout.flush()
    for (fault, coordinator), count in sorted(counts.items()):
        sys.stdout.write(f"{fault}, {coordinator}: {count} runs\n")
    sys.stdout.write(f"{asked.runs} runs, {len(failed)} FAILED {failed}\n")
    return 1 if failed else 0


def _make(seed: int, services: Services, asked: argparse.Namespace) -> tuple[str, Run]:
    """Return how a run went, and the run."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(pathlib.Path(folder), seed, services, asked)
        try:
            run.sweep()
        except Exception:  # noqa: BLE001  the other runs are made all the same
            return f"FAILED\n{traceback.format_exc()}", run
        return "well", run


if __name__ == "__main__":
    sys.exit(main())
