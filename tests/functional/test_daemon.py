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

"""The daemon as a process: its modes, its schedule, its signals, its words when it can't start."""

import json
import pathlib
import signal
import socket
import sys
import time

import pytest

from cleanupd.journal.store import Outcome
from cleanupd.journal.store import State
from tests import emulator
from tests.emulator.scenes.demo import KILLED
from tests.functional import daemon_process

pytestmark = pytest.mark.functional

DELETE_DELAY_S = 0.05

READY = "cleanupd is ready"
SYNCED = tuple(f"Job sync_{service}: " for service in daemon_process.SERVICES)


@pytest.fixture
def url(cloud, scene):
    """Give the address of the cloud."""
    del scene
    with emulator.running(cloud) as found:
        yield found


@pytest.fixture
def daemon(tmp_path, url):
    """Give a daemon that is not started, and end it."""
    process = daemon_process.DaemonProcess(tmp_path, url)
    yield process
    process.end()


def test_it_starts_lists_the_cloud_and_ends(daemon, cloud):
    """By the console script; SIGTERM ends it with 0, and it has changed nothing."""
    daemon.command = (str(pathlib.Path(sys.executable).parent / "cleanupd"),)
    daemon.start()
    for said in SYNCED:
        daemon.wait_for(said)
    assert daemon.stop() == 0
    assert "WARNING" not in daemon.log
    assert "Deprecat" not in daemon.log
    assert not cloud.requests.changes()


def test_in_mode_report_the_schedule_stores_plans_and_removes_nothing(daemon, cloud, scene):
    """Nothing but GET and the token's POST is sent, and the log names the option."""
    daemon.configure(sweep=f"interval = 1\nworkloads = {KILLED}\nall_over = true\nidle = 3600")
    daemon.start()
    daemon.wait_for("Job sweep: ")
    assert daemon.stop() == 0
    assert "set [sweep] mode = enforce" in daemon.log
    sweep = daemon.journal.sweeps()[0]
    assert sweep.state is State.PLANNED
    assert len(daemon.journal.plan(sweep.id).steps) == sweep.planned > 50
    assert cloud.requests.entries()
    assert not cloud.requests.changes()
    assert not scene.killed.missing(cloud)


def test_in_mode_enforce_the_schedule_removes_what_is_named(daemon, cloud, scene):
    """All of the killed benchmark, and nothing else."""
    daemon.configure(sweep=f"mode = enforce\ninterval = 1\nworkloads = {KILLED}")
    daemon.start()
    daemon.wait_for("Job sweep: ", seconds=40)
    assert daemon.stop() == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)
    assert daemon.journal.sweeps()[0].certificate.is_clean


def test_a_schedule_without_a_target_removes_nothing(daemon, cloud, scene):
    """It does not even plan, and says which options would give it one."""
    daemon.configure(sweep="mode = enforce\ninterval = 1")
    daemon.start()
    daemon.wait_for("Job sweep: nothing to sweep: set [sweep] tasks")
    assert daemon.stop() == 0
    assert daemon.journal.sweeps() == ()
    assert not scene.killed.missing(cloud)


def test_sighup_changes_mode_and_schedule_and_keeps_the_process(daemon, cloud, scene):
    """The cloud is not listed again for it: the model stays."""
    daemon.start()
    for said in SYNCED:
        daemon.wait_for(said)
    asked = len(cloud.requests.entries())
    daemon.configure(
        default="debug = true", sweep=f"mode = enforce\ninterval = 2\nworkloads = {KILLED}"
    )
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("Options changed: [sweep] interval, [sweep] mode, [sweep] workloads, debug")
    assert len(cloud.requests.entries()) == asked
    daemon.wait_for("Job sweep: ", seconds=40)
    assert " DEBUG " in daemon.log
    assert daemon.log.count(READY) == 1
    assert daemon.stop() == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)


def test_sighup_says_what_needs_a_restart(daemon):
    """The cloud and the journal's place are chosen when it starts."""
    daemon.start()
    daemon.wait_for(READY)
    daemon.configure(cloud="region = elsewhere")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("Restart cleanupd to use [cloud] region")
    assert daemon.stop() == 0


def test_broken_options_at_sighup_change_nothing(daemon, cloud):
    """It goes on as it was, and follows the next that are right."""
    daemon.start()
    daemon.wait_for(READY)
    good = daemon.file.read_text()
    daemon.file.write_text(good + "nonsense\n")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("The options stay as they were: Failed to parse")
    daemon.file.write_text(good)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for("Options changed: none")
    assert daemon.stop() == 0
    assert not cloud.requests.changes()


def test_sighup_opens_a_log_file_that_was_moved(daemon):
    """As logrotate wants it; the old file does not grow any more."""
    log = daemon.folder / "cleanupd.log"
    daemon.start("--log-file", str(log))
    wait_for_text(log, READY)
    moved = log.rename(daemon.folder / "cleanupd.log.1")
    daemon.signal(signal.SIGHUP)
    wait_for_text(log, "Options changed: none")
    assert daemon.stop() == 0
    assert "cleanupd stops" in log.read_text()
    assert "cleanupd stops" not in moved.read_text()


def wait_for_text(file, text):
    """Return when a file has a text in it."""
    deadline = time.monotonic() + 20
    while not file.exists() or text not in file.read_text():
        assert time.monotonic() < deadline, f"{text!r} was not said"
        time.sleep(0.02)


def test_sigterm_ends_a_sweep_after_what_is_under_way(daemon, cloud, scene):
    """Nothing new is begun, in bounded time; the next daemon goes on with the sweep."""
    cloud.settings.delete_delay_s = 3600
    daemon.configure(sweep=f"mode = enforce\ninterval = 1\nworkloads = {KILLED}")
    daemon.start()
    daemon.wait_for("Sweep of ")
    wait_for_deletes(cloud)
    begun = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun < 5
    (sweep,) = daemon.journal.sweeps()
    assert sweep.state is State.RUNNING
    assert "the next one that leads goes on with it" in sweep.note
    scene.assert_untouched(cloud)


def wait_for_deletes(cloud):
    """Return when something is being deleted."""
    deadline = time.monotonic() + 20
    while not cloud.requests.entries("DELETE"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_after_a_crash_the_sweep_is_gone_on_with(daemon, cloud):
    """Under its own id, whatever its answers were; nothing is asked to go a second time."""
    cloud.settings.delete_delay_s = 3
    daemon.configure(sweep=f"mode = enforce\ninterval = 1\nworkloads = {KILLED}")
    daemon.start()
    wait_for_deletes(cloud)
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    (sweep,) = daemon.journal.sweeps()
    assert sweep.state is State.RUNNING
    daemon.configure(sweep="mode = enforce")
    daemon.start()
    daemon.wait_for(f"Sweep {sweep.id} was interrupted")
    daemon.wait_for("Sweep ends: ")
    assert daemon.stop() == 0
    done = daemon.journal.sweep(sweep.id)
    assert done.state is State.DONE
    assert done.certificate.is_clean
    assert {one.outcome for one in done.results} <= {Outcome.REMOVED, Outcome.GONE}
    removed = [e.path for e in cloud.requests.entries("DELETE") if e.status < 300]
    assert len(removed) == len(set(removed))


def test_after_a_crash_a_daemon_that_only_reports_removes_nothing(daemon, cloud):
    """The sweep is failed, and says so."""
    cloud.settings.delete_delay_s = 3600
    daemon.configure(sweep=f"mode = enforce\ninterval = 1\nworkloads = {KILLED}")
    daemon.start()
    wait_for_deletes(cloud)
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    (sweep,) = daemon.journal.sweeps()
    cloud.requests.clear()
    daemon.configure()
    daemon.start()
    daemon.wait_for(f"Sweep {sweep.id} was interrupted")
    daemon.wait_for(f"Sweep {sweep.id} failed")
    assert daemon.stop() == 0
    left = daemon.journal.sweep(sweep.id)
    assert left.state is State.FAILED
    assert "[sweep] mode = enforce" in left.note
    assert not cloud.requests.changes()


def test_systemd_hears_of_start_watchdog_reload_and_end(daemon):
    """READY only after all have started, WATCHDOG all the time, STOPPING before the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = daemon.folder / "notify"
        manager.bind(str(address))
        manager.settimeout(20)
        daemon.environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "600000"}
        daemon.start()
        assert hear(manager) == "READY=1"
        assert [hear(manager) for _ in range(2)] == ["WATCHDOG=1"] * 2
        daemon.signal(signal.SIGHUP)
        hear_until(manager, "RELOADING=1")
        hear_until(manager, "READY=1")
        daemon.signal(signal.SIGTERM)
        hear_until(manager, "STOPPING=1")
    assert daemon.wait() == 0


def hear(manager):
    """Return the first line of the next message."""
    return manager.recv(4096).decode().splitlines()[0]


def hear_until(manager, wanted):
    """Return when a message comes that is not about the watchdog."""
    heard = "WATCHDOG=1"
    while heard == "WATCHDOG=1":
        heard = hear(manager)
    assert heard == wanted


def test_json_logs_have_the_id_of_the_sweep(daemon):
    """Each line is a JSON object; what a sweep says can be found by its id."""
    daemon.configure(
        default="use_json = true", sweep=f"mode = enforce\ninterval = 1\nworkloads = {KILLED}"
    )
    daemon.start()
    daemon.wait_for("Job sweep: ", seconds=40)
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    sweep = daemon.journal.sweeps()[0]
    said = [
        line["message"] for line in lines if (line["context"] or {}).get("request_id") == sweep.id
    ]
    assert any(message.startswith("Sweep of ") for message in said)
    assert sum(": removed" in message for message in said) > 50


def test_what_it_cannot_start_with_is_told_in_one_line(daemon, cloud):
    """The line says what to do, the exit code is 1, and nothing is removed."""
    file = daemon.folder / "clouds.yaml"
    file.write_text(file.read_text().replace("password: secret", "password: guess"))
    daemon.start()
    assert daemon.wait() == 1
    (line,) = daemon.log.splitlines()
    assert line.startswith("cleanupd: ")
    assert "check user, password and project in clouds.yaml" in line
    assert not cloud.requests.changes()


def test_two_daemons_do_not_share_a_journal(daemon):
    """The second does not start, and the first is left alone."""
    daemon.start()
    daemon.wait_for(READY)
    second = daemon_process.DaemonProcess(daemon.folder, "http://127.0.0.1:1")
    second.log_file = daemon.folder / "second.log"
    (daemon.folder / "clouds.yaml").write_text(daemon.clouds)
    second.start()
    assert second.wait() == 1
    assert "another daemon or command uses it" in second.log
    assert daemon.stop() == 0


def test_a_broker_that_is_not_there_ends_the_start(daemon):
    """It does not try for ever: the line says what to do, and the exit code is 1."""
    text = daemon.file.read_text().replace("enabled = false", "enabled = true")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon.file.write_text(
        text.replace("[DEFAULT]", f"[DEFAULT]\ntransport_url = rabbit://a:b@127.0.0.1:{port}/")
    )
    daemon.start()
    assert daemon.wait() == 1
    assert f"the bus cannot be used: 127.0.0.1:{port}: Connection refused" in daemon.log
    assert "Traceback" not in daemon.log
    assert READY not in daemon.log
