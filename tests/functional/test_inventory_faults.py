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
"""Each kind in turn cannot be listed as it should be; only plans are made, nothing is removed."""

import dataclasses

import pytest

from cleanupd import cloud as clouds
from cleanupd import pacing
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.services.base import registry
from cleanupd.services.base import tables
from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import faults
from tests.emulator import scenes
from tests.emulator.scenes.demo import KILLED

pytestmark = [pytest.mark.functional, pytest.mark.timeout(300)]

MANAGERS, _ = registry.load_managers()
KINDS = {name: manager.KIND for name, manager in MANAGERS.items()}
#: The path of the listing of each kind that has one.
PATHS = {
    name: manager.TABLE.listings[0].partition("?")[0]
    for name, manager in MANAGERS.items()
    if issubclass(manager, tables.TableManager) and manager.TABLE.listings
} | {"compute.keypair": "/os-keypairs", "identity.user": "/users"}
#: The kinds of which others name some in the demo's cloud.
NAMED = (
    "compute.server",
    "network.port",
    "network.router",
    "network.subnet",
    "network.network",
    "network.security_group",
    "network.floating_ip",
    "block_storage.volume",
    "block_storage.qos_spec",
    "identity.project",
    "identity.user",
    "identity.role",
    "identity.service",
)
#: So few rows stand on a page that most listings have a second one, or all on the first.
ROWS, WHOLE = 10, 1000
HOMES = ("identity.project", "identity.user")


@dataclasses.dataclass
class Stage:
    """The demo's cloud, an engine that asks once, and what it would remove."""

    cloud: emulator.Cloud
    engine: sweep.Engine
    clean: frozenset = frozenset()

    def plan(self, before=None):
        """Return what is listed now, and what would be removed."""
        snapshot = self.engine.observe(before=before)
        plan = self.engine.plan(snapshot, sweep.Target(workloads=(KILLED,)))
        return snapshot, frozenset(step.ref for step in plan.steps)

    def spoil(self, kind, answer, before=None, **how):
        """Plan while the listing of a kind fails."""
        path = rf"^/[a-z-]+(/v[0-9.]+)?(/[0-9a-f]{{32}})?{PATHS[kind]}(\?|$)"
        self.cloud.faults.add(
            emulator.Fault(path=path, method="GET", answer=answer, times=None, **how)
        )
        try:
            return self.plan(before)
        finally:
            with self.cloud.locked():
                self.cloud.faults.clear()

    def is_felt(self, kind, answer, before):
        """Whether a list lacks anything by a fault: the first of two is always there."""
        if kind == "load_balancer.amphora":
            return False  # the emulator shows none by itself
        if answer == faults.EMPTY:
            return bool(before.roots[kind].records)
        # Keypairs are listed by their user, who has one.
        return len(before.roots[kind].records) > 1 and kind != "compute.keypair"

    def assert_kept(self, kind, answer, **how):
        """What could be tied to the kind stays, nothing is added, and trust says why."""
        snapshot, steps = self.spoil(kind, answer, **how)
        assert snapshot.trust[kind].reason, kind
        assert steps <= self.clean
        depends = {kind, *(rule.target for rule in KINDS[kind].edges), *KINDS[kind].cascades}
        assert not {ref for ref in steps if ref.kind in depends}, kind


@pytest.fixture(scope="module")
def rows(request):
    """Give how many rows stand on a page, where a test does not say."""
    return getattr(request, "param", ROWS)


@pytest.fixture(scope="module")
def stage(tmp_path_factory, rows):
    """Give the demo's cloud, production beside a killed benchmark; nothing is changed in it."""
    folder = tmp_path_factory.mktemp("stage")
    pages = dict.fromkeys(emulator.Settings().page_limits, rows)
    cloud = emulator.Cloud(settings=emulator.Settings(page_limits=pages))
    scenes.leave_further(cloud, scenes.demo(cloud).killed)
    with emulator.running(cloud) as url, pytest.MonkeyPatch.context() as patch:
        (folder / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(folder / "clouds.yaml"))
        door = clouds.Cloud.connect("emulated", patience=pacing.Patience(attempts=1))
        made = Stage(cloud, sweep.Engine(door, MANAGERS, sql.Journal(places.in_directory(folder))))
        made.clean = made.plan()[1]
        assert len(made.clean) > 50
        yield made
    assert not cloud.requests.changes()


def test_of_what_was_left_nothing_is_kept(stage):
    """No kind is tied to another one in a circle, so that nobody could say what goes first."""
    plan = stage.engine.plan(stage.engine.observe(), sweep.Target(workloads=(KILLED,)))
    assert plan.kept == ()


def test_a_kind_that_is_refused_keeps_what_it_could_be_tied_to(stage):
    """A 503 instead of the list of one kind, for each of the kinds in turn."""
    assert set(PATHS) >= {name for name, kind in KINDS.items() if kind.is_removable}
    for kind in PATHS:
        stage.assert_kept(kind, 503)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PATHS)
def test_a_list_that_is_wrong_keeps_what_it_could_be_tied_to(stage, kind):
    """A service that is not there, half a page, or something else, as if it were the list."""
    for answer in (404, faults.TRUNCATED, faults.CUT, faults.NOT_JSON, faults.WRONG_TYPE):
        stage.assert_kept(kind, answer)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PATHS)
def test_a_second_page_that_fails_keeps_what_it_could_be_tied_to(stage, kind):
    """What the first page has told is not believed alone."""
    before = len(stage.cloud.requests.entries())
    stage.plan()
    asked = [e.path for e in stage.cloud.requests.entries()[before:] if PATHS[kind] in e.path]
    if any("marker=" in path for path in asked):
        stage.assert_kept(kind, 503, after=1)


@pytest.mark.parametrize("rows", [WHOLE], indirect=True)
def test_an_empty_list_is_not_believed_where_others_name_what_it_lacks(stage):
    """Ports name servers, and servers volumes: a command that looks once keeps what is tied."""
    for kind in ("compute.server", "network.port", "block_storage.volume"):
        stage.assert_kept(kind, faults.EMPTY)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [WHOLE], indirect=True)
@pytest.mark.parametrize("answer", [faults.EMPTY, faults.SKIP])
@pytest.mark.parametrize("kind", NAMED)
def test_who_looks_once_believes_no_list_that_lacks_what_others_name(stage, kind, answer):
    """Nothing depends on memory: lists bear witness of each other."""
    stage.assert_kept(kind, answer)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [WHOLE], indirect=True)
@pytest.mark.parametrize("answer", [faults.EMPTY, faults.SKIP])
@pytest.mark.parametrize("kind", PATHS)
def test_who_knew_more_believes_no_empty_and_no_short_list(stage, kind, answer):
    """A daemon knows what there was: with any list short, all that could depend on it stays."""
    before = stage.plan()[0]
    if not stage.is_felt(kind, answer, before):
        pytest.skip("there is nothing that the list could lack")
    stage.assert_kept(kind, answer, before=before)
    # A project or a user could depend on anything.
    assert not {ref for ref in stage.spoil(kind, answer, before)[1] if ref.kind in HOMES}


@pytest.mark.slow
@pytest.mark.parametrize("rows", [WHOLE], indirect=True)
@pytest.mark.parametrize("answer", [faults.EMPTY, faults.SKIP])
@pytest.mark.parametrize("kind", PATHS)
def test_a_list_that_lacks_rows_adds_nothing(stage, kind, answer):
    """Whoever knows nothing more removes nothing more than with the whole list, and less of it."""
    assert stage.spoil(kind, answer)[1] <= stage.clean


def test_a_cell_that_is_down_keeps_servers(stage, monkeypatch):
    """Nova tells of its servers what they are not: nothing that could be theirs is removed."""
    down = {server["OS-EXT-SRV-ATTR:host"] for server in stage.cloud["compute.server"]}
    with monkeypatch.context() as patch:
        patch.setattr(stage.cloud.settings, "down_hosts", down)
        snapshot, steps = stage.plan()
    assert "a cell is down" in snapshot.trust["compute.server"].reason
    tied = {"compute.server", *(rule.target for rule in KINDS["compute.server"].edges)}
    assert not {ref for ref in steps if ref.kind in tied}
    assert steps <= stage.clean


def test_a_list_that_is_never_empty_is_not_believed_to_be(stage):
    """Nobody asks without a project, a user, a role and a catalogue: an empty list with 200."""
    for kind in (name for name, kind in KINDS.items() if kind.is_never_empty and name in PATHS):
        stage.assert_kept(kind, faults.EMPTY)
