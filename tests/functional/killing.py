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

"""Sweeps that are killed: ``python -m tests.functional.killing --runs 200 --seed 1``.

A sweep of five hundred leaks runs in a process of its own.  It is killed with SIGKILL one to three
times, at moments that the seed chooses, and started again each time.  A moment is a count of
requests, before the first of them that changes something, of those that do, or of those after the
last leak has gone: so planning, deleting and verifying are hit alike, and the same again by the
same seed, but for what the threads do meanwhile.  The killing is done before the last of these
requests is answered, while up to eight others of each service are under way.

Meanwhile production, and a workload that still runs, make new things.  Where a stored plan is
executed, key pairs of it are made anew under the same name by the same user, before and during
its execution.

Then this is true, or the run fails:

* All leaks are gone, and the last sweep's certificate is clean.
* All that production and the running workload had, or have made meanwhile, is there.  So is each
  key pair made anew for as long as the stored plan is executed; a plan is not executed twice, and
  the sweep that then names the workload knows the new one for its own.
* No DELETE is sent for what a DELETE was sent for before that the service answered with success,
  be it that the answer came, that it was lost with the process, or that what it promised takes
  seconds.  None is excepted but what was made anew, which is something else.  What a service
  removes by another method (a router's interface by PUT) is not looked at.
* Each DELETE that the cloud has got was written down before, as an intent.
* The journal opens, is whole, and each event in it is of a sweep of it.  What has an intent and no
  outcome is ``unknown``, and only a sweep that was killed has that.  The next start of a daemon,
  or the next sweep of ``cleanupctl --os-cloud``, calls such a sweep failed.
"""

import argparse
import collections
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from urllib import parse

from cleanupd.core import resources
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store
from tests import emulator
from tests.emulator import request_log
from tests.emulator import scenes
from tests.emulator.scenes import benchmark
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import compute
from tests.emulator.shapes import network
from tests.functional import daemon_process

LEAKS = benchmark.Plan(tenants=12, users=2, servers=7, volumes=3)
PHASES = ("planning", "deleting", "verifying")
#: So many requests at least are made before the first removal, and after the last one.
LISTING = 60
#: Every so many requests somebody else makes something.
PERIOD = 40
#: So often at most, since a network's addresses come to an end.
MOST_NEW = 50
COMMAND = (sys.executable, "-m", "cleanupd.cmd.cleanupctl")
#: Who sweeps: cleanupctl at once, or after a dry run whose plan it executes, or a daemon's
#: schedule; and in how many of ten runs.
WAYS = {"command": 5, "stored plan": 3, "daemon": 2}
READY = "cleanupd is ready"
DEADLINE_S = 180.0


@dataclasses.dataclass
class Moment:
    """When to kill: before the answer to a request of a phase, which is counted down to."""

    phase: str
    number: int


class Witness(request_log.RequestLog):
    """A request log that does something as requests come; one of them at a time."""

    def __init__(self, run):
        """Watch for a run."""
        super().__init__()
        self._run = run
        self._one = threading.RLock()

    def add(self, entry):
        """Log, and let the run know before the answer is sent."""
        super().add(entry)
        with self._one:
            self._run.heard(entry)


class Run:
    """One run: a cloud, those who live in it, and what sweeps it until all leaks are gone."""

    def __init__(self, folder: pathlib.Path, seed: int, leaks: benchmark.Plan = LEAKS) -> None:
        """Fill the cloud; nothing runs yet."""
        self.folder = folder
        self.dice = random.Random(seed)
        delay_s = self.dice.choice((0.05, 0.05, 3.0))
        self.cloud = emulator.Cloud(settings=emulator.Settings(delete_delay_s=delay_s))
        self.production = scenes.legitimate_tenants(self.cloud)
        self.killed = scenes.killed_benchmark(self.cloud, scenes.KILLED, leaks)
        self.running = scenes.killed_benchmark(
            self.cloud,
            scenes.RUNNING,
            benchmark.Plan(tenants=1, age=datetime.timedelta(minutes=1)),
        )
        self.newcomers = bootstrap.Scene()
        #: The key pairs that were made anew, by user and name, with their number in the database.
        self.anew: dict[tuple[str, str], int] = {}
        self.cloud.requests = Witness(self)
        #: In which phases the processes were killed.
        self.kills: list[str] = []
        self.way = ""
        self.processes = 0
        self._moment: Moment | None = None
        self._process: subprocess.Popen | daemon_process.DaemonProcess | None = None
        self._heard = 0
        self._has_begun = False
        self._is_remaking = False

    @property
    def journal(self) -> sql.Journal:
        """What was written down."""
        return sql.Journal(places.in_directory(self.folder / "state"))

    # What happens while a process works.

    def heard(self, entry: request_log.Entry) -> None:
        """Others go on with their work, and the moment comes nearer."""
        self._heard += 1
        if self._heard % PERIOD == 0 and self._heard <= PERIOD * MOST_NEW:
            self._move_in()
        if self._is_remaking and entry.method == "DELETE" and 200 <= entry.status < 300:
            self._make_anew(_key_of(entry.path))
        self._has_begun |= entry.changes_something
        moment = self._moment
        if moment is None or self._phase_of(entry) != moment.phase:
            return
        moment.number -= 1
        if moment.number <= 0:
            self._moment = None
            os.kill(self._process.pid, signal.SIGKILL)
            self.kills.append(moment.phase)

    def _phase_of(self, entry: request_log.Entry) -> str:
        if entry.changes_something:
            return "deleting"
        if not self._has_begun:
            return "planning"
        with self.cloud.locked():
            return "" if self.killed.left(self.cloud) else "verifying"

    def _move_in(self) -> None:
        """Production and the running workload make something each."""
        number = self._heard
        shop = bootstrap.named(self.cloud, "identity.project", "shop")["id"]
        owner = bootstrap.named(self.cloud, "identity.user", "shop-deployer")["id"]
        inside = bootstrap.named(self.cloud, "network.network", "shop-net")
        tester = next(u for u in self.cloud["identity.user"] if u["id"] in self.running.ids())
        name = f"s_rally_{scenes.RUNNING[:8]}_{number:08d}"
        with bootstrap.recorded(self.cloud, self.newcomers, datetime.timedelta()):
            compute.keypair(self.cloud, f"c_rally_deploy-{number}", owner)
            block_storage.volume(self.cloud, f"s_rally_data-{number}", shop, owner)
            network.port(self.cloud, inside, name=f"shop-{number}", project_id=shop)
            compute.keypair(self.cloud, name, tester["id"])
            block_storage.volume(self.cloud, name, tester["default_project_id"], tester["id"])

    def _make_anew(self, key: tuple[str, str] | None) -> None:
        """A key pair that is gone comes again: of the same user and name, and another one."""
        if key is None or key in self.anew:
            return
        with self.cloud.locked():
            self.anew[key] = compute.keypair(self.cloud, key[1], key[0])["id"]

    # Who sweeps.

    def sweep(self) -> None:
        """Sweep in a way, and be killed at moments, that the seed chooses."""
        shares = (0.6, 0.3, 0.1)[: self.dice.choice((1, 1, 1, 2, 3))]
        moments = [self._choose(share) for share in shares]
        [self.way] = self.dice.choices(tuple(WAYS), tuple(WAYS.values()))
        self.sweep_as(self.way, moments)

    def sweep_as(self, way: str, moments: Sequence[Moment]) -> None:
        """Sweep, be killed at each of the moments, and sweep again until it is done."""
        with emulator.running(self.cloud) as url:
            self._daemon = daemon_process.DaemonProcess(self.folder, url)
            (self.folder / "own.conf").write_text("[sweep]\npoll_interval = 0.1\n")
            if way == "daemon":
                self._sweep_by_daemon(moments)
            else:
                if way == "stored plan":
                    self._execute_stored_plan()
                for moment in (*moments, None):
                    self._sweep_by_command(moment)
        self._check_end()

    def _choose(self, share: float) -> Moment:
        phase = self.dice.choice(PHASES)
        removals = max(1, int(share * len(self.killed.ids())))
        return Moment(phase, self.dice.randint(1, removals if phase == "deleting" else LISTING))

    def _begin(self, moment: Moment | None) -> None:
        self._moment, self._has_begun = moment, False
        self.processes += 1

    def _run(self, moment: Moment | None, *words: str) -> tuple[int, str, str]:
        """Return the exit code of a command, negative if it was killed, and what it said."""
        own = ("--config-file", str(self.folder / "own.conf"), "--progress", "none")
        place = ("--os-cloud", "emulated", "--state-dir", str(self.folder / "state"))
        self._begin(moment)
        self._process = subprocess.Popen(
            [*COMMAND, "sweep", "start", *words, *place, *own],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml")},
        )
        try:
            out, err = self._process.communicate(timeout=DEADLINE_S)
        finally:
            self._process.kill()
            self._process.wait()
        self._moment = None
        self._check()
        return self._process.returncode, out, err

    def _sweep_by_command(self, moment: Moment | None) -> None:
        code, _, err = self._run(moment, "--workload", scenes.KILLED)
        assert code == 0 or (moment is not None and code == -signal.SIGKILL), err

    def _execute_stored_plan(self) -> None:
        """Plan, have some of its key pairs made anew, and execute the plan, once."""
        words = ("--workload", scenes.KILLED, "--dry-run", "-f", "value", "-c", "ID")
        code, plan, err = self._run(None, *words)
        assert code == 2, err
        keys = sorted(self.killed.made["compute.keypair"])
        for id_ in self.dice.sample(keys, len(keys) // 4):
            user_id, _, name = id_.partition(":")
            self.cloud["compute.keypair"].remove((user_id, name))
            self._make_anew((user_id, name))
        self._is_remaking = True
        most = len(self.killed.ids()) // 2
        moment = Moment("deleting", self.dice.randint(1, most))
        code = self._run(moment, "--plan", plan.strip())[0]
        while self.journal.sweep(plan.strip()).state is store.State.PLANNED:
            code = self._run(None, "--plan", plan.strip())[0]
        self._is_remaking = False
        # What was made anew, and its user, is left.
        assert code in (2, -signal.SIGKILL)
        code, _, err = self._run(None, "--plan", plan.strip())
        assert code == 1
        assert "it was executed before" in err
        there = {keypair["id"] for keypair in self.cloud["compute.keypair"]}
        assert self.anew
        assert set(self.anew.values()) <= there

    def _sweep_by_daemon(self, moments: Sequence[Moment]) -> None:
        """Let a daemon sweep by its schedule."""
        daemon = self._daemon
        daemon.configure(sweep=f"mode = enforce\ninterval = 1\nworkloads = {scenes.KILLED}")
        try:
            for moment in (*moments, None):
                self._begin(moment)
                starts = daemon.log.count(READY) if daemon.log_file.exists() else 0
                daemon.start()
                self._process = daemon
                self._watch(daemon, starts)
        finally:
            daemon.end()
        self._check()
        states = {sweep.state for sweep in self.journal.sweeps()}
        assert store.State.RUNNING not in states

    def _watch(self, daemon: daemon_process.DaemonProcess, starts: int) -> None:
        """Return when the daemon was killed, or, if its moment did not come, when it is done.

        Before it has said once more that it is ready, SIGTERM would kill it, too.
        """
        killed, deadline = len(self.kills), time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = daemon.wait(0.1)
                assert (code, len(self.kills)) == (-signal.SIGKILL, killed + 1), daemon.log
                return
            is_ready = daemon.log.count(READY) > starts
            if is_ready and not self.killed.left(self.cloud) and self._is_certified():
                self._moment = None
                assert daemon.stop() == 0, daemon.log
                return
        raise AssertionError(daemon.log)

    def _is_certified(self) -> bool:
        done = [s for s in self.journal.sweeps() if s.state is store.State.DONE]
        return bool(done) and done[-1].certificate.is_clean

    # What is true.

    def _check(self) -> None:
        """What is true whenever no process works."""
        assert not self.production.missing(self.cloud)
        assert not self.running.missing(self.cloud)
        assert not self.newcomers.missing(self.cloud)
        if (self.folder / "state" / places.FILE).exists():
            self._check_database()
            for sweep in self.journal.sweeps():
                self._check_events(sweep)
            self._check_removals()

    def _check_end(self) -> None:
        """What is true when all is done."""
        assert not self.killed.left(self.cloud)
        assert self._is_certified()
        assert len(self.journal.sweeps()) <= self.processes or isinstance(
            self._process, daemon_process.DaemonProcess
        )
        removed = set()
        for entry in self.cloud.requests.entries("DELETE"):
            assert entry.path not in removed, f"sent again: {entry}"
            if entry.status < 300 and _key_of(entry.path) not in self.anew:
                removed.add(entry.path)

    def _check_database(self) -> None:
        file = self.folder / "state" / places.FILE
        with contextlib.closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            lost = "SELECT count(*) FROM events WHERE sweep_id NOT IN (SELECT id FROM sweeps)"
            assert connection.execute(lost).fetchone() == (0,)

    def _check_events(self, sweep: store.Sweep) -> None:
        """An intent has an outcome, or is told as unknown."""
        last: dict[resources.Ref, str] = {}
        for event in self.journal.read_events(sweep.id):
            assert (last.get(event.ref), event.what) != (store.INTENT, store.INTENT)
            last[event.ref] = event.what
        told = sweep.results
        if sweep.state is store.State.RUNNING:
            unfinished = self.journal.unfinished(sweep.cloud, sweep.region)
            told = next(one.results for one in unfinished if one.id == sweep.id)
        unknown = {one.ref for one in told if one.outcome is store.Outcome.UNKNOWN}
        assert unknown == {ref for ref, what in last.items() if what == store.INTENT}
        assert not (unknown and sweep.state is store.State.DONE)

    def _check_removals(self) -> None:
        """What was removed was written down before."""
        journal = self.journal
        meant = {
            part
            for sweep in journal.sweeps()
            for event in journal.read_events(sweep.id)
            if event.what == store.INTENT
            for part in re.split("[/:]", event.ref.id)
        }
        for entry in self.cloud.requests.entries("DELETE"):
            parts = parse.unquote(parse.urlsplit(entry.path).path).split("/")
            assert meant & set(parts), f"nobody wrote down: {entry}"


def _key_of(path: str) -> tuple[str, str] | None:
    """Return user and name of the key pair that a path leads to, None if it leads elsewhere."""
    url = parse.urlsplit(path)
    if "/os-keypairs/" not in url.path:
        return None
    return parse.parse_qs(url.query)["user_id"][0], parse.unquote(url.path.rpartition("/")[2])


def main() -> int:
    """Make so many runs and tell of each what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others follow (1)")
    asked = parser.parse_args()
    failed, phases = [], collections.Counter()
    for seed in range(asked.seed, asked.seed + asked.runs):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            run = Run(pathlib.Path(folder), seed)
            try:
                run.sweep()
                verdict = "well"
            except Exception:  # noqa: BLE001  the other runs are made all the same
                verdict = f"FAILED\n{traceback.format_exc()}"
                failed.append(seed)
        phases.update(run.kills)
        killed = ", ".join(run.kills) or "never in time"
        took_s = time.monotonic() - started
        sys.stdout.write(f"seed {seed}: {verdict}; {run.way}, {took_s:.0f} s; killed {killed}\n")
        sys.stdout.flush()
    counts = ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))
    sys.stdout.write(f"{asked.runs} runs, {len(failed)} FAILED {failed}; killed {counts}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
