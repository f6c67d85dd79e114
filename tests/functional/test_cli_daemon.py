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

"""The commands that ask a daemon, over a bus that is in memory."""

import contextlib
from importlib import metadata
import json

import pytest

from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.engine import clock
from cleanupd.journal import sql
from cleanupd.journal import tenure
from cleanupd.rpc import api
from cleanupd.rpc import server
from cleanupd.service import building
from cleanupd.service import daemon as daemons
from tests.emulator.scenes.demo import KILLED
from tests.functional import console as consoles

pytestmark = [
    pytest.mark.functional,
    # oslo.messaging wants to be told its executor and says that this will end.
    pytest.mark.filterwarnings("ignore:Using the 'executor' argument:DeprecationWarning"),
]

TASK = "7d3e9f10-52c4-4e1b-a86f-0b9c8d7e6f5a"
OPTIONS = """\
[DEFAULT]
transport_url = fake://
host = here
state_path = {folder}/daemon
rpc_response_timeout = 1
[cloud]
name = emulated
[rpc]
topic = {topic}
[sweep]
poll_interval = 0.1
mode = {mode}
all_over = true
"""


@contextlib.contextmanager
def running(console, mode="enforce", more=""):
    """Run a daemon in this process, and give what runs a command that asks it."""
    file = write_options(console, mode)
    file.write_text(file.read_text() + more)
    conf = loading.load(["--config-file", str(file)])
    chosen = settings.make_settings(conf)
    daemon = daemons.Daemon(building.make_engine(chosen), chosen, clock.now())
    address = api.Address(topic=chosen.address.topic, server=chosen.host)
    rpc = server.RpcServer(conf, address, server.Endpoint(daemon, daemon.status))
    daemon.leadership.start()
    daemon.sweeper.start()
    rpc.start()
    try:
        yield lambda *words: console.run(*words, "--config-file", str(file))
    finally:
        rpc.stop()
        rpc.wait()
        daemon.sweeper.stop()
        daemon.sweeper.wait()


def write_options(console, mode="enforce"):
    """Write the configuration of daemon and command, with a topic of this test's own."""
    file = console.folder / "cleanupd.conf"
    file.write_text(OPTIONS.format(folder=console.folder, topic=console.folder.name, mode=mode))
    return file


def test_a_look_by_the_daemon_is_the_look_of_this_process(console):
    """What the daemon answers is what the command finds itself."""
    with running(console) as ask:
        for words in (("leaks", "list"), ("leaks", "list", "--workload", KILLED), ("verify",)):
            asked = ask(*words, "-f", "csv")
            own = console.here(*words, "-f", "csv")
            assert (asked.code, asked.out) == (own.code, own.out)
        assert ask("model", "show").code == 0
        assert ask("workloads", "list", "-f", "value", "-c", "Workload").code == 2


def test_who_leads_is_listed(console):
    """One daemon alone leads from its start; only a daemon can tell."""
    with running(console) as ask:
        [daemon] = json.loads(ask("daemon", "list", "-f", "json").out)
        assert (daemon["Host"], daemon["Leads"], daemon["Epoch"]) == ("here", True, 1)
        assert daemon["Answers"]
        assert daemon["Version"] == metadata.version("cleanupd")
        assert daemon["Since"] >= daemon["Started"][:10]
        listed = ask("daemon", "list", "-f", "value", "-c", "Host", "-c", "Leads")
        assert (listed.code, listed.out) == (0, "here True\n")
        assert "Host   Leads   Since" in ask("daemon", "list").out
        assert ask("daemon", "list", "-f", "csv").out.startswith('"Host","Leads","Since"')
        assert "Leads: true" in ask("daemon", "list", "-f", "yaml").out
    assert "only a daemon knows of daemons" in console.here("daemon", "list").error


def test_it_is_told_when_none_leads(console):
    """By the exit code, too."""
    with running(console) as ask:
        conf = loading.load(["--config-file", str(console.folder / "cleanupd.conf")])
        journal = sql.Journal(settings.make_settings(conf).journal)
        journal.claim("emulated", "RegionOne", clock.now())
        listed = ask("daemon", "list", "-f", "value", "-c", "Leads")
    assert (listed.code, listed.out) == (1, "False\n")
    assert "none of the daemons leads" in listed.err


def test_a_sweep_is_asked_for_and_goes_on_alone(console, cloud, scene):
    """Without --wait the id of the sweep is printed, and its end can be shown later."""
    with running(console) as ask:
        ended = ask("sweep", "start", "--workload", KILLED)
        assert ended.code == 0
        sweep_id = ended.out.strip()
        while ask("sweep", "show", sweep_id, "-f", "value", "-c", "State").out.strip() != "done":
            pass
        assert ask("sweep", "show", sweep_id).code == 0
        assert ask("sweep", "list", "-f", "value", "-c", "ID").out.strip() == sweep_id
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)


def test_a_sweep_can_be_awaited(console, cloud, scene):
    """With --wait the plan and the certificate are shown, and the code is the sweep's."""
    report = console.write_report(TASK, KILLED)
    with running(console) as ask:
        ended = ask("sweep", "start", "--task", TASK, "--rally-report", report, "--wait")
    assert ended.code == 0
    assert "85 resources to remove" in ended.out
    assert "CLEAN: nothing of what was looked for is left" in ended.out
    assert f"{KILLED}: names with 5a3b1c22, 85 resources" in ended.err
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)


def test_an_awaited_sweep_is_one_document(console):
    """JSON of a sweep by the daemon is that of a sweep here."""
    with running(console) as ask:
        told = ask("sweep", "start", "--workload", KILLED, "--wait", "-f", "json").json
        asked = ask("sweep", "start", "--workload", KILLED, "-f", "json").json
    assert (told["State"], told["Gone"], told["Clean"]) == ("done", 85, True)
    assert asked["State"] == "requested"


def test_a_dry_run_by_the_daemon_can_be_executed(console, cloud, scene):
    """A plan of the daemon's is shown, and executed by its id."""
    with running(console) as ask:
        dry = ask("sweep", "start", "--workload", KILLED, "--dry-run")
        assert dry.code == 2
        assert "85 resources to remove" in dry.out
        assert "warning" not in dry.err
        assert not cloud.requests.changes()
        plan = ask("sweep", "list", "-f", "value", "-c", "ID").out.strip()
        ended = ask("sweep", "start", "--plan", plan, "--wait")
        assert ended.code == 0
        assert "resources to remove" not in ended.out
        assert f"plan {plan} is done already" in ask("sweep", "start", "--plan", plan).error
    assert not scene.killed.left(cloud)


def test_in_mode_report_nothing_is_removed(console, cloud):
    """The plan is shown with the option that would enable its removal; the code is 2."""
    with running(console, mode="report") as ask:
        ended = ask("sweep", "start", "--workload", KILLED, "--wait")
    assert ended.code == 2
    assert "[sweep] mode = enforce" in ended.err
    assert "85 resources to remove" in ended.out
    assert not cloud.requests.changes()


def test_a_variable_of_the_shell_does_not_bypass_the_daemon(console, cloud, monkeypatch):
    """With OS_CLOUD set it is still the daemon that is asked, and its mode counts."""
    monkeypatch.setenv("OS_CLOUD", consoles.CLOUD)
    with running(console, mode="report") as ask:
        ended = ask("sweep", "start", "--workload", KILLED, "--wait")
    assert ended.code == 2
    assert not cloud.requests.changes()


def test_the_daemon_wants_its_clouds_name_confirmed(console, cloud):
    """Another name is refused by the daemon, and no name by the command."""
    with running(console) as ask:
        error = ask("sweep", "start", "--all-over", "--confirm", "elsewhere").error
        assert "emulated" in error
        error = ask("sweep", "start", "--all-over").error
        assert "confirm it with --confirm CLOUD" in error
    assert not cloud.requests.changes()


def test_a_task_without_workloads_left_nothing(console, cloud):
    """A task of which Rally says that it had no workload is known: finding nothing is clean."""
    words = ("--task", TASK, "--rally-report", console.write_report(TASK), "--wait")
    with running(console) as ask:
        assert ask("sweep", "start", *words).code == 0
    assert not cloud.requests.changes()


def test_an_unknown_sweep_is_told_by_the_daemon(console):
    """Errors of the daemon are those of this process."""
    with running(console) as ask:
        assert "there is no sweep '20990101'" in ask("sweep", "show", "20990101").error


@pytest.mark.parametrize(
    "words",
    [("leaks", "list"), ("sweep", "start", "--workload", KILLED), ("sweep", "list"), ("verify",)],
    ids=" ".join,
)
def test_a_daemon_that_does_not_run(console, words):
    """Without a daemon the command gives up after the timeout, in one line."""
    file = write_options(console)
    error = console.run(*words, "--config-file", str(file), "-q").error
    assert "no daemon answers" in error
    assert "check that cleanupd runs" in error


def test_a_bus_that_is_not_there(console):
    """A broker that is down is told with its address."""
    file = write_options(console)
    file.write_text(file.read_text().replace("fake://", "rabbit://u:secret@127.0.0.1:1/"))
    error = console.run("leaks", "list", "--config-file", str(file), "-q").error
    assert "127.0.0.1:1" in error
    assert "secret" not in error


def test_daemon_and_command_spend_of_one_budget(console, cloud, scene):
    """What a sweep of the daemon has spent, one of this process on its journal has not."""
    words = ("sweep", "start", "--workload", KILLED, "-f", "json")
    with running(console, more="[budget]\nper_hour = 20\n") as ask:
        first = ask(*words, "--wait")
        shown = ask("budget", "show", "-f", "json").json
    here = ("--state-dir", f"{console.folder}/daemon", "--config-file")
    second = console.here(*words, *here, f"{console.folder}/cleanupd.conf")
    assert first.code == second.code == 2
    assert "[budget] per_hour is 20: there is room again at" in first.json["Note"]
    assert "[budget] per_hour is 20 and" in second.json["Note"]
    gone = [r for r in first.json["Resources"] if r["State"] in ("removed", "gone")]
    (hour,) = [row for row in shown if row["Budget"] == "per_hour"]
    assert 0 < len(gone) == hour["Spent"] == 20 - hour["Left"] <= 20
    more = [r for r in second.json["Resources"] if r["State"] in ("removed", "gone")]
    assert len(gone) + len(more) <= 20
    scene.assert_untouched(cloud)


def test_beside_a_daemon_a_command_only_reports(console, cloud, scene):
    """Its removals are the daemon's, which knows what it protects; it may look, and ask."""
    file = write_options(console)
    words = ("sweep", "start", "--workload", KILLED, "--config-file", str(file))
    assert console.here(*words, "--dry-run").code == 2
    ended = console.here(*words, "-q")
    assert ended.code == 1
    assert "a daemon is configured for cloud emulated" in ended.err
    assert "leave --os-cloud (or OS_CLOUD) out and give --config-file FILE to ask it" in ended.err
    assert not scene.killed.missing(cloud)


def test_a_journal_in_which_a_daemon_works_is_its(console, cloud, scene):
    """Whoever is given the daemon's own state_path removes only while no daemon runs."""
    folder = console.folder / "daemon"
    file = write_options(console)
    words = ("sweep", "start", "--workload", KILLED, "--config-file", str(file))
    with tenure.held(folder, ""):
        ended = console.here(*words, "--state-dir", str(folder), "-q")
    assert ended.code == 1
    assert "another daemon or command uses it; ask the daemon" in ended.err
    assert not scene.killed.missing(cloud)
    assert console.here(*words, "--state-dir", str(folder)).code == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)


def test_a_plan_over_the_share_is_approved_by_its_id(console, cloud, scene):
    """Asked of the daemon: the new sweep stays a plan, and says how it is approved."""
    with running(console, more="[budget]\nshare = 0\n") as ask:
        left = ask("sweep", "start", "--workload", KILLED, "--wait", "-f", "json")
        assert (left.code, left.json["State"]) == (2, "planned")
        assert f"--plan {left.json['ID']} --confirm emulated" in left.json["Note"]
        plan = ("sweep", "start", "--plan", left.json["ID"], "--wait")
        assert "[budget] share is 0 %" in ask(*plan).error
        assert not scene.killed.missing(cloud)
        assert ask(*plan, "--confirm", "emulated", "-f", "json").code == 0
    assert not scene.killed.left(cloud)
    scene.assert_untouched(cloud)


def test_a_plan_is_withdrawn_by_the_daemon(console, scene, cloud):
    """And not executed any more."""
    with running(console) as ask:
        plan = ask("sweep", "start", "--workload", KILLED, "--dry-run", "-f", "json").json["ID"]
        done = ask("sweep", "cancel", plan)
        assert done.code == 0
        assert f"Sweep {plan} is cancelled: it was cancelled by " in done.out
        assert "over the bus" in done.out
        assert "is cancelled already" in ask("sweep", "start", "--plan", plan).error
    assert not scene.killed.missing(cloud)


def test_schedules_are_shown(console):
    """When each runs next, and by which options; nobody else than a daemon has any."""
    more = "[sweep]\nschedules = nightly\n[schedule_nightly]\ncron = 30 2 * * *\n"
    with running(console, more=more) as ask:
        jobs = {job["Job"]: job for job in ask("schedule", "list", "-f", "json").json}
        assert jobs["sweep_nightly"]["When"] == "30 2 * * *"
        assert jobs["sync_compute"]["When"] == "every 1h"
        assert jobs["sweep"]["When"] is None
        assert "30 2 * * *" in ask("schedule", "list").out
    assert "only a daemon has schedules" in console.here("schedule", "list").error
