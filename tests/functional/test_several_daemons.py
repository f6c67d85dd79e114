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

"""Several daemons for one region: one removes, and another takes over, as processes."""

import contextlib
import os
import signal
import sqlite3
import time

import pytest

from cleanupd.journal import database
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal.store import Outcome
from cleanupd.journal.store import State
from tests import emulator
from tests.emulator.scenes.demo import KILLED
from tests.functional import coordinators
from tests.functional import daemon_process

pytestmark = pytest.mark.functional

DELETE_DELAY_S = 0.5

READY = "cleanupd is ready"
LEADS = "leads emulated"
#: One worker and slow deletes: there is time to end a daemon between them.
SWEEP = f"mode = enforce\nworkers = 1\nworkloads = {KILLED}\ninterval = "
#: What a daemon with the shortest lease agrees by, and writes to.
LEASE_S = 3
TOGETHER = f"[database]\nconnection = {{}}\n[coordination]\nbackend_url = {{}}\nlease = {LEASE_S}"


@pytest.fixture
def place(tmp_path):
    """Give the place of the journal that the daemons share."""
    found = places.Place(url=f"sqlite:///{tmp_path}/shared.sqlite")
    database.Database(found).upgrade()
    return found


@pytest.fixture
def coordinator(tmp_path, request):
    """Give the URL of what daemons agree by: a directory, or a server of its own."""
    name = getattr(request, "param", "file")
    if name == "file":
        yield f"file://{tmp_path}/locks"
        return
    chosen = coordinators.SERVERS[name]
    coordinators.need(chosen.program, chosen.package)
    with coordinators.running(name, tmp_path) as server:
        yield server.url


@pytest.fixture
def daemons(cloud, scene, tmp_path, place, coordinator):
    """Give two daemons; the first one leads."""
    del scene
    with emulator.running(cloud) as url, contextlib.ExitStack() as stack:
        made = []
        for host in ("first", "second"):
            (tmp_path / host).mkdir()
            one = daemon_process.DaemonProcess(tmp_path / host, url)
            default, more = f"host = {host}", TOGETHER.format(place.url, coordinator)
            one.configure(default=default, sweep=f"{SWEEP}0", more=more)
            one.start()
            stack.callback(one.end)
            one.wait_for(READY if made else LEADS, seconds=60)
            made.append(one)
        # Nothing begins before there is somebody to go on with it.
        made[0].configure(default="host = first", sweep=f"{SWEEP}1", more=more)
        made[0].signal(signal.SIGHUP)
        yield made


def wait_for_deletes(cloud, count=3):
    """Return when so many resources were asked to go."""
    deadline = time.monotonic() + 40
    while len(cloud.requests.entries("DELETE")) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_end(journal, sweep_id):
    """Return a sweep that is over."""
    deadline = time.monotonic() + 60
    while not journal.sweep(sweep_id).certificate:
        assert time.monotonic() < deadline, journal.sweep(sweep_id)
        time.sleep(0.05)
    return journal.sweep(sweep_id)


def pause(daemon, folder):
    """Pause a daemon while it is not writing: SQLite has one writer, whom all wait for."""
    while True:
        daemon.signal(signal.SIGSTOP)
        os.waitpid(daemon.pid, os.WUNTRACED)  # until all of its threads stand still
        file = sqlite3.connect(folder / "shared.sqlite", timeout=0.2, isolation_level=None)
        with contextlib.closing(file), contextlib.suppress(sqlite3.OperationalError):
            file.execute("BEGIN IMMEDIATE")
            file.execute("ROLLBACK")
            return
        daemon.signal(signal.SIGCONT)
        time.sleep(0.01)


def assert_swept_once(cloud, scene, sweep):
    """All that was planned is gone, nothing else is, and nothing was asked to go twice."""
    assert sweep.state is State.DONE
    assert sweep.certificate.is_clean
    assert {one.outcome for one in sweep.results} <= {Outcome.REMOVED, Outcome.GONE}
    scene.assert_untouched(cloud)
    removed = [e.path for e in cloud.requests.entries("DELETE") if e.status < 300]
    assert len(removed) == len(set(removed))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_another_daemon_goes_on_with_a_sweep(daemons, cloud, scene, place, number):
    """Whether the leader is killed or restarted, its sweep ends, under its own id."""
    first, second = daemons
    journal = sql.Journal(place)
    wait_for_deletes(cloud)
    first.signal(number)
    sweep = journal.sweeps()[0]
    second.wait_for(LEADS)
    second.wait_for(f"Sweep {sweep.id} was interrupted")
    assert_swept_once(cloud, scene, wait_for_end(journal, sweep.id))
    assert journal.leader("emulated", "RegionOne").host == "second"
    assert {one.host for one in journal.register("emulated", "RegionOne").entries()} == {
        "first",
        "second",
    }
    assert first.wait() in (0, -number)
    assert second.stop() == 0


def test_a_leader_in_doubt_lets_somebody_lead(daemons, cloud, scene, place, tmp_path):
    """Though nobody could take its lock while it was paused: it gives it back by itself."""
    first, second = daemons
    journal = sql.Journal(place)
    wait_for_deletes(cloud)
    pause(first, tmp_path)
    sweep = journal.sweeps()[0]
    time.sleep(LEASE_S)
    assert LEADS not in second.log
    first.signal(signal.SIGCONT)
    first.wait_for("no more")
    assert_swept_once(cloud, scene, wait_for_end(journal, sweep.id))
    assert journal.leader("emulated", "RegionOne").epoch > 1
    assert (first.stop(), second.stop()) == (0, 0)


@pytest.mark.parametrize("coordinator", sorted(coordinators.SERVERS), indirect=True)
def test_a_leader_that_was_paused_removes_nothing_when_it_wakes(
    daemons, cloud, scene, place, tmp_path
):
    """Another one has taken over and removed the rest; it stands by.

    What it was sending at that moment may still arrive, one request for each of the services.
    """
    first, second = daemons
    journal = sql.Journal(place)
    wait_for_deletes(cloud)
    pause(first, tmp_path)
    sweep = journal.sweeps()[0]
    second.wait_for(LEADS)
    assert_swept_once(cloud, scene, wait_for_end(journal, sweep.id))
    cloud.requests.clear()
    first.signal(signal.SIGCONT)
    first.wait_for("no more")
    assert second.stop() == 0
    first.wait_for(LEADS, times=2)
    assert first.stop() == 0
    late = cloud.requests.entries("DELETE")
    assert len(late) <= len({entry.service for entry in late})
    assert {entry.status for entry in late} <= {404}
    assert wait_for_end(journal, sweep.id).state is State.DONE
