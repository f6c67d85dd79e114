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

Three processes share a MariaDB, a Redis and a RabbitMQ, all of them private and real.  One of the
daemons is asked over RPC for a sweep, whichever takes the request.  While leaks are deleted things
go wrong, at counts of deletions and in an order that the seed chooses: the leader or a standby is
killed and started again, the leader is restarted or paused for longer than its lease, RabbitMQ is
down for thirty seconds, Redis is restarted and forgets all, MariaDB is killed and started again.

Then what is true in ``killing`` is true, read from the emulator's own log, or the run fails: all
leaks are gone, nothing else is, the one sweep is certified as clean, each removal was written down
before, and nothing is asked to go that the service has accepted to remove before.  But one thing
cannot be kept back: what a paused leader was just sending arrives when it wakes, and is answered
with 404.
"""

import argparse
import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from urllib import parse

import redis

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
from tests.functional import daemon_process
from tests.functional import killing
from tests.functional.journal import servers
from tests.sandbox import broker as brokers

LEAKS = benchmark.Plan(tenants=6, users=2, servers=5, volumes=2)
HOSTS = ("one", "two", "three")
LEASE_S = 4
DOWN_S = 30.0
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


class Redis:
    """A Redis that keeps nothing on disk."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Start it."""
        [self._port] = brokers.free_ports(1)
        self._folder = folder
        self.start()

    @property
    def url(self) -> str:
        """Its address, for tooz."""
        return f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it; return when it answers."""
        words = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [shutil.which("redis-server") or words[0], *words[1:], "--dir", str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        with contextlib.closing(redis.Redis(port=self._port)) as client:
            for _ in range(200):
                with contextlib.suppress(redis.exceptions.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.05)
        raise TimeoutError

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait(20)


class Services:
    """What the daemons share."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Start all of it, as long as the stack is open."""
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "broker").mkdir()
        self.mariadb = stack.enter_context(servers.running("mariadb"))
        self.redis = Redis(folder)
        stack.callback(self.redis.stop)
        self.broker = brokers.Broker(folder / "broker")
        stack.callback(self.broker.close)
        self.broker.start()

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

    def __init__(self, folder: pathlib.Path, seed: int, services: Services) -> None:
        """Fill the cloud; nothing runs yet."""
        super().__init__(folder, seed, LEAKS)
        self._services = services
        self._seed = seed
        self._place = services.make_place(f"chaos{seed}_{time.time_ns()}")
        self._deletes = 0
        self._members: dict[str, daemon_process.DaemonProcess] = {}
        self._changed = threading.Condition()
        self._is_over = False
        faults = [name for name in dir(self) if name.startswith("fault_")]
        count = self.dice.choice((1, 2, 2, 3))
        leaks = len(self.killed.ids()) // 2
        moments = sorted(self.dice.randint(1, leaks) for _ in range(count))
        self.faults = [(moment, self.dice.choice(faults)) for moment in moments]
        #: Those that came in time.
        self.happened: list[str] = []

    @property
    def journal(self) -> sql.Journal:
        """What the daemons have written."""
        return sql.Journal(self._place)

    def heard(self, entry) -> None:
        """Others go on with their work, and the next fault comes nearer."""
        super().heard(entry)
        if entry.method == "DELETE":
            with self._changed:
                self._deletes += 1
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
            chaos = threading.Thread(target=self._spoil)
            chaos.start()
            self._wait(sweep.id)
            with self._changed:
                self._is_over = True
                self._changed.notify()
            chaos.join(120)
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
            coordinator=self._services.redis.url,
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
                self._changed.wait_for(lambda at=moment: self._deletes >= at or self._is_over)
                if self._is_over:
                    return
            self.happened.append(fault.removeprefix("fault_"))
            getattr(self, fault)()

    def _leader(self) -> daemon_process.DaemonProcess:
        return self._members[self.journal.leader("emulated", "RegionOne").host]

    def _restart(self, member: daemon_process.DaemonProcess, number: signal.Signals) -> None:
        member.signal(number)
        member.wait(90)
        time.sleep(1)
        member.start()
        member.wait_for("cleanupd is ready", member.log.count("cleanupd is ready") + 1, 90)

    def fault_leader_killed(self) -> None:
        """The leader is killed, and started again."""
        self._restart(self._leader(), signal.SIGKILL)

    def fault_leader_restarted(self) -> None:
        """The leader is restarted in order."""
        self._restart(self._leader(), signal.SIGTERM)

    def fault_standby_killed(self) -> None:
        """Another one is killed, and started again."""
        leader = self._leader()
        others = [one for one in self._members.values() if one is not leader]
        self._restart(self.dice.choice(others), signal.SIGKILL)

    def fault_leader_paused(self) -> None:
        """The leader does nothing for longer than its lease."""
        leader = self._leader()
        leader.signal(signal.SIGSTOP)
        time.sleep(LEASE_S * 2)
        leader.signal(signal.SIGCONT)

    def fault_broker_down(self) -> None:
        """RabbitMQ is away for half a minute."""
        self._services.broker.stop()
        time.sleep(DOWN_S)
        self._services.broker.start()

    def fault_redis_restarted(self) -> None:
        """Redis forgets all locks."""
        self._services.redis.stop()
        time.sleep(2)
        self._services.redis.start()

    def fault_database_killed(self) -> None:
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
        pauses = self.happened.count("leader_paused")
        assert not late or pauses, f"sent again: {late}"
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
    asked = parser.parse_args()
    failed = []
    with contextlib.ExitStack() as stack:
        services = Services(stack)
        for seed in range(asked.seed, asked.seed + asked.runs):
            started, happened = time.monotonic(), []
            with tempfile.TemporaryDirectory() as folder:
                try:
                    run = Run(pathlib.Path(folder), seed, services)
                    happened = run.happened
                    run.sweep()
                    verdict = "well"
                except Exception:  # noqa: BLE001  the other runs are made all the same
                    verdict = f"FAILED\n{traceback.format_exc()}"
                    failed.append(seed)
            took_s = time.monotonic() - started
            told = ", ".join(happened) or "nothing in time"
            sys.stdout.write(f"seed {seed}: {verdict}; {took_s:.0f} s; {told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{asked.runs} runs, {len(failed)} FAILED {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
