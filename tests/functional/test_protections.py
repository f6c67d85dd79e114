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
"""What somebody protects, in the journal or in the cloud itself, survives every sweep."""

import pytest

from cleanupd import exceptions
from cleanupd.core import protections
from cleanupd.engine import sweep as sweeps
from cleanupd.journal.store import State
from tests import emulator
from tests.emulator.scenes.demo import KILLED
from tests.functional import inhabited
from tests.unit.service import stage

pytestmark = pytest.mark.functional

NAMED = sweeps.Target(workloads=(KILLED,))
HOLD = protections.HOLD_TAG
#: Where each kind tells what keeps a resource of it.
MARKS = [
    ("compute.server", "tags", [HOLD]),
    ("compute.server", "metadata", {HOLD: "1"}),
    ("compute.flavor", "description", f"please {HOLD}"),
    ("block_storage.volume", "metadata", {HOLD: ""}),
    ("block_storage.snapshot", "metadata", {HOLD: ""}),
    ("block_storage.backup", "description", HOLD),
    ("image.image", "tags", [HOLD]),
    ("network.network", "tags", [HOLD]),
    ("network.subnet", "tags", [HOLD]),
    ("network.port", "tags", [HOLD]),
    ("network.router", "tags", [HOLD]),
    ("network.floating_ip", "tags", [HOLD]),
    ("network.security_group", "tags", [HOLD]),
    ("identity.project", "tags", [HOLD]),
    ("identity.user", "description", HOLD),
]


@pytest.fixture
def console(console):
    """Give a console where sweeps poll quickly."""
    console.configure("[sweep]\npoll_interval = 0.1\n")
    return console


def test_a_protected_workload_is_not_swept_until_it_is_released(console, cloud, scene):
    """The plan says which protection keeps it, and whose it is; without it everything goes."""
    words = ("--workload", KILLED, "--reason", "not written yet", "--expires", "2d")
    [made] = console.here("protection", "add", *words, "-f", "json").json
    assert (made["State"], made["Reason"]) == ("holds", "not written yet")
    assert made["What"] == [f"workload {KILLED}"]
    ended = console.here("sweep", "start", "--workload", KILLED, "-f", "json")
    assert ended.code == 2
    assert f"protection {made['ID']} of {made['By']}" in ended.out
    assert not cloud.requests.changes()
    assert console.here("protection", "list", "-f", "json").json == [made]
    assert console.here("protection", "remove", made["ID"]).code == 0
    assert (
        f"no protection {made['ID']}" in console.quietly("protection", "remove", made["ID"]).error
    )
    assert console.here("sweep", "start", "--workload", KILLED).code == 0
    assert not scene.killed.left(cloud)
    assert not scene.legitimate.missing(cloud)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--id", "x", "--reason", "r", "--expires", "soon"), "'soon' is not a length of time"),
        (("--id", "x", "--reason", "r", "--expires", "2020-01-01"), "expired already"),
        (("--reason", "r"), "nothing is protected unless it is named"),
        (("--id", "x", "--reason", "r", "--scope", "context"), "leave it out"),
        (("--id", "x"), "--reason"),
    ],
)
def test_a_protection_that_makes_no_sense_is_refused(console, words, said):
    """In one line, and nothing is stored."""
    assert said in console.quietly("protection", "add", *words).error
    assert console.here("protection", "list", "-f", "json").json == []


def test_a_mark_in_the_cloud_keeps_what_has_it(console, cloud, scene):
    """A tag, a key of metadata or a word in a description, each from the listing of its kind."""
    marked = {}
    free = {kind: sorted(ids) for kind, ids in scene.killed.left(cloud).items()}
    with cloud.locked():
        for kind, field, value in MARKS:
            if not free.get(kind):
                continue
            id_ = free[kind].pop()
            body = next(b for b in cloud[kind] if b["id"] == id_)
            body[field] = value
            marked[id_] = kind
    assert len(marked) > 10
    ended = console.here("leaks", "list", "--workload", KILLED, "--long", "-f", "json")
    reasons = {row["ID"]: row["Reason"] for row in ended.json if row["State"] == "kept"}
    told = {id_ for id_ in marked if f"somebody has marked it {HOLD}" in reasons.get(id_, "")}
    assert {marked[id_] for id_ in marked.keys() - told} == set()


def test_the_daemon_keeps_what_is_protected_over_the_bus(cloud, scene, tmp_path, monkeypatch):
    """Also what is protected after the plan; who asked is told, and the list outlives them."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "")
    over = (State.PLANNED, State.DONE, State.FAILED)
    with emulator.running(cloud) as url:
        daemon = inhabited.Inhabited(tmp_path, url)
        try:
            client = daemon.start("mode = enforce")
            plan = client.plan(NAMED)
            made = client.protect(
                protections.Wanted(reason="golden", workloads=(KILLED,)), by="alice"
            )
            assert made.by == "alice over the bus"
            assert client.protections() == daemon.files.journal.protections(
                "emulated", plan.region
            )
            sweep = client.execute(plan.id)
            stage.wait_until(lambda: client.sweep(sweep.id).state in over)
            done = client.sweep(sweep.id)
            assert all(made.id in r.reason for r in done.results if r.outcome == "changed")
            assert not [e for e in cloud.requests.changes() if e.method == "DELETE"]
            assert not scene.killed.missing(cloud)
            with pytest.raises(exceptions.Refused, match="no protection nothing"):
                client.unprotect("nothing", by="alice")
            assert client.unprotect(made.id, by="alice") == made
        finally:
            daemon.stop()
