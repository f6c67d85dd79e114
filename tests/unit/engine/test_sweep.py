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

"""A sweep from the first listing to the certificate."""

import threading

import pytest

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes
from tests.unit.engine.stage import SETTINGS
from tests.unit.engine.stage import WORKLOAD
from tests.unit.engine.stage import outcomes
from tests.unit.engine.stage import run


def test_a_sweep_removes_the_leaks_and_nothing_else(engine, cloud):
    """What is a benchmark's is gone, what is foreign is there, and the certificate is clean."""
    done = run(engine)
    assert [ref.id for ref in cloud.records] == ["foreign"]
    assert outcomes(done) == dict.fromkeys(("p", "net", "prt", "srv"), "removed")
    assert done.state == "done"
    assert done.certificate.is_clean


def test_every_resource_is_read_before_it_is_removed(engine, cloud):
    """The last call before a delete is the read of the same resource, once each."""
    run(engine)
    for action, id_ in cloud.log:
        assert cloud.log.count((action, id_)) == 1
    for id_ in ("p", "net", "prt", "srv"):
        assert cloud.log.index(("read", id_)) < cloud.log.index(("delete", id_))


def test_an_empty_target_plans_nothing(engine):
    """Nothing is removed unless something is asked for."""
    assert not engine.plan(engine.observe(), sweep.Target()).steps


def test_what_changed_since_the_plan_is_skipped(engine, cloud):
    """A resource that was renamed after the plan stays, and so does what depends on it."""
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.change(sample.ref("network.network", "net"), name="production")
    done = engine.execute(plan)
    assert outcomes(done) == {
        "prt": "removed",
        "net": "changed",
        "srv": "removed",
        "p": "not tried",
    }
    reasons = {r.ref.id: r.reason for r in done.results}
    assert reasons["net"].startswith("its name changed since the plan")
    assert reasons["p"] == "network.network net is still there"
    assert {left.ref.id for left in done.certificate.left} == {"net", "p"}


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({"name": name()}, "removed"), ({"project_id": "prod"}, "changed")],
)
def test_a_port_that_its_server_let_go_of(engine, cloud, fields, outcome):
    """A benchmark's port is removed after its server; what was only its server's is not."""
    managers = fakes.make_managers()
    kind = managers["network.port"].KIND
    managers["network.port"].KIND = kinds.Kind(
        name=kind.name, identity_fields=("name", "owners"), edges=kind.edges
    )
    owned = sample.made_for("compute.server", "own")
    cloud.add(
        record("compute.server", "own", name=name(), project_id="prod"),
        record("network.port", "let", edges=(owned,), **fields),
    )
    engine = sweep.Engine(cloud, managers, engine.journal, SETTINGS)
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.change(sample.ref("network.port", "let"), edges=())
    assert outcomes(engine.execute(plan))["let"] == outcome


def test_what_is_gone_already_is_a_success(engine, cloud):
    """Somebody else may remove a resource first."""
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    del cloud.records[sample.ref("network.port", "prt")]
    done = engine.execute(plan)
    assert outcomes(done)["prt"] == "gone"
    assert done.certificate.is_clean


def test_a_conflict_is_waited_out(engine, cloud):
    """What the service refuses for now is tried again, after another look."""
    cloud.trouble["net"] = [fakes.conflict(), fakes.conflict()]
    assert run(engine).certificate.is_clean
    assert cloud.log.count(("read", "net")) == 3


@pytest.mark.parametrize(
    "error",
    [
        exceptions.RequestFailed("network", "DELETE", "/x", 429, "slow down"),
        exceptions.RequestFailed("network", "DELETE", "/x", 503, "busy"),
        exceptions.ServiceUnreachable("network", "http://x", "reset"),
    ],
)
def test_a_service_that_is_busy_is_asked_again(engine, cloud, error):
    """What passes is waited out, after another look."""
    cloud.trouble["net"] = [error]
    assert run(engine).certificate.is_clean


def test_what_came_in_since_the_plan_keeps_the_project(cloud, tmp_path):
    """Before what no service guards is removed, everything is looked at again."""
    managers = fakes.make_managers()
    kind = managers["identity.project"].KIND
    managers["identity.project"].KIND = kinds.Kind(
        name=kind.name, identity_fields=("name",), is_regional=False, is_guarded=False
    )
    engine = sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS)
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.add(
        record("identity.user", "me", name="somebody"),
        record("compute.server", "new", name="production", project_id="p", user_id="me"),
    )
    done = engine.execute(plan)
    assert outcomes(done) == {"prt": "removed", "net": "removed", "srv": "removed", "p": "changed"}
    assert "belongs to it" in next(r.reason for r in done.results if r.ref.id == "p")


@pytest.mark.parametrize("change", [{"name": "renamed"}, {}])
def test_what_lost_its_evidence_is_not_removed(cloud, tmp_path, change):
    """The last look spares what is no benchmark's any more."""
    managers = fakes.make_managers()
    for manager in managers.values():
        manager.KIND = kinds.Kind(
            name=manager.KIND.name,
            identity_fields=(),
            edges=manager.KIND.edges,
            is_guarded=False,
        )
    engine = sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS)
    cloud.add(record("compute.flavor", "f", name=name()))
    plan = engine.plan(
        engine.observe(), sweep.Target(workloads=(WORKLOAD,), kinds=("compute.flavor",))
    )
    cloud.change(sample.ref("compute.flavor", "f"), **change)
    assert outcomes(engine.execute(plan)) == {"f": "changed" if change else "removed"}


def test_a_conflict_that_stays_fails(engine, cloud):
    """Patience ends, and the reason is what the service said."""
    cloud.trouble["net"] = [fakes.conflict("the network is in use")] * 1000
    done = run(engine)
    failed = next(r for r in done.results if r.ref.id == "net")
    assert failed.outcome == "failed"
    assert "the network is in use" in failed.reason


def test_a_service_that_wants_too_long_a_wait_is_not_waited_for(engine, cloud):
    """All else goes on, and the report says how long it would have been."""
    busy = exceptions.RequestFailed("network", "DELETE", "/x", 429, "slow down")
    busy.retry_after_s = 3600.0
    cloud.trouble["net"] = [busy]
    done = run(engine)
    failed = next(r for r in done.results if r.ref.id == "net")
    assert failed.outcome == "failed"
    assert "wants 3600 s to pass" in failed.reason


def test_a_stale_resource_is_read_again(engine, cloud):
    """A revision that moved between the look and the delete costs another look."""
    cloud.trouble["net"] = [exceptions.Stale("network", "DELETE", "/x", 412, "stale")]
    assert outcomes(run(engine))["net"] == "removed"


def test_a_resource_that_never_rests_is_left(engine, cloud):
    """A resource that changes faster than it can be removed is left to the next plan."""
    cloud.trouble["net"] = [exceptions.Stale("network", "DELETE", "/x", 412, "stale")] * 10
    assert outcomes(run(engine))["net"] == "changed"


@pytest.mark.parametrize(
    "error",
    [exceptions.Forbidden("network", "DELETE", "/x", 403, "no"), RuntimeError("a plugin's fault")],
)
def test_an_error_fails_one_step_alone(engine, cloud, error):
    """The other steps go on, whatever a service or a plugin does."""
    cloud.trouble["srv"] = [error]
    assert outcomes(run(engine)) == {
        "prt": "removed",
        "net": "removed",
        "srv": "failed",
        "p": "not tried",
    }


def test_an_asynchronous_removal_is_confirmed_by_listing(engine, cloud):
    """A server counts as removed once a listing does not have it; its project waits for that."""
    cloud.lingering[sample.ref("compute.server", "srv")] = 4
    done = run(engine)
    assert outcomes(done)["srv"] == "removed"
    assert cloud.log[-1] == ("delete", "p")
    assert cloud.log.count(("read", "srv")) == 1


@pytest.mark.parametrize(
    "change", [{"status": "deleting"}, {"status": "ACTIVE", "details": {"task_state": "deleting"}}]
)
def test_what_is_being_removed_already_is_waited_for(engine, cloud, change):
    """A resource that goes with its server, or by somebody's hand, gets no second delete."""
    ref = sample.ref("compute.server", "srv")
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.change(ref, **change)
    cloud.lingering[ref] = 2
    assert outcomes(engine.execute(plan))["srv"] == "removed"
    assert ("delete", "srv") not in cloud.log


def test_a_removal_that_never_ends_fails(engine, cloud):
    """A server that does not vanish in time is reported, and its project stays."""
    cloud.lingering[sample.ref("compute.server", "srv")] = 10**9
    done = run(engine)
    assert outcomes(done)["srv"] == "failed"
    assert outcomes(done)["p"] == "not tried"


def test_a_removal_that_ends_in_an_error_fails(engine, cloud):
    """A status of error that came after the delete ends the wait."""
    ref = sample.ref("compute.server", "srv")
    cloud.lingering[ref] = 10**9
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.change(ref, status="error_deleting")
    assert "its status is error_deleting" in {r.reason for r in engine.execute(plan).results}


def test_a_listing_that_fails_confirms_nothing(engine, cloud):
    """Without a listing nothing is known to be gone."""
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.broken["compute.server"] = exceptions.ListingIncomplete("compute.server", "503")
    done = engine.execute(plan)
    assert outcomes(done)["srv"] == "failed"
    assert done.certificate.doubts == (
        f"compute.server was not listed: {cloud.broken['compute.server']}",
    )
    assert not done.certificate.is_clean


def test_a_stop_ends_a_sweep_between_two_calls(engine, cloud):
    """A sweep that is stopped removes no more, says so, and is not certified."""
    stop = threading.Event()
    stop.set()
    done = run(engine, stop=stop)
    assert done.state == "failed"
    assert set(outcomes(done).values()) == {"not tried"}
    assert not cloud.log
    assert done.certificate is None


def test_a_stop_does_not_confirm(engine, cloud):
    """What was asked for and has not vanished when the sweep is stopped is not removed."""
    stop = threading.Event()
    cloud.lingering[sample.ref("compute.server", "srv")] = 10**9

    class Stopper(fakes.Watcher):
        def settled(self, ref, outcome):
            stop.set()

    done = run(engine, Stopper(), stop)
    assert outcomes(done)["srv"] in ("failed", "not tried")
    assert outcomes(done)["p"] == "not tried"


def test_a_stop_lets_calls_under_way_finish(engine, cloud):
    """What was being removed when the stop came is removed, and the result says so."""
    stop = threading.Event()
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    under_way = threading.Barrier(2)

    class Slow(dict):
        def get(self, ref, default=None):
            if ref.id == "prt":
                under_way.wait(5)
                stop.wait(5)
            return super().get(ref, default)

    cloud.records = Slow(cloud.records)
    threading.Thread(target=lambda: (under_way.wait(5), stop.set())).start()
    assert outcomes(engine.execute(plan, None, stop))["prt"] == "removed"


def test_a_sweep_that_breaks_off_is_stored_as_failed(engine, cloud):
    """When the engine itself fails the error passes through, and the journal has it."""

    class Broken(fakes.Watcher):
        def removing(self, steps):
            raise KeyError("a fault of ours")

    with pytest.raises(KeyError):
        run(engine, Broken())
    [stored] = engine.journal.sweeps()
    assert stored.state == "failed"
    assert "a fault of ours" in stored.note


def test_the_progress_is_told(engine):
    """Listings, the number of steps and each outcome are told."""
    watcher = fakes.Watcher()
    plan = engine.plan(engine.observe(watcher), sweep.Target(workloads=(WORKLOAD,)))
    engine.execute(plan, watcher)
    assert ("listing", len(sample.KINDS)) in watcher.seen
    assert ("network.network", 2) in watcher.seen
    assert ("removing", 4) in watcher.seen
    assert ("net", "removed") in watcher.seen


def test_the_journal_has_the_intent_before_the_outcome(engine, tmp_path):
    """Each removal has a line before the call and a line after it."""
    done = run(engine)
    events = [(e.ref.id, e.what) for e in engine.journal.read_events(done.id)]
    for id_ in ("p", "net", "prt", "srv"):
        assert events.index((id_, "remove")) < events.index((id_, "removed"))


def test_a_plan_and_a_sweep_can_be_read_again(engine):
    """What is stored is what was done."""
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    assert engine.journal.plan(plan.id) == plan
    assert engine.journal.sweep(plan.id).state == "planned"
    done = engine.execute(plan)
    assert engine.journal.sweep(plan.id) == done


def test_a_failed_listing_is_told_and_keeps(engine, cloud):
    """A kind that cannot be listed keeps what could be tied to it."""
    cloud.broken["network.port"] = exceptions.ListingIncomplete("network.port", "503")
    watcher = fakes.Watcher()
    plan = engine.plan(engine.observe(watcher), sweep.Target(workloads=(WORKLOAD,)))
    assert ("network.port", None) in watcher.seen
    assert [s.ref.id for s in plan.steps] == []
    assert {k.ref.id for k in plan.kept} == {"net", "srv", "p"}


def test_a_broken_plugin_keeps_the_others_alive(engine, cloud):
    """A plugin that raises anything makes its kind unknown, no more."""
    cloud.broken["compute.flavor"] = RuntimeError("a plugin's fault")
    taken = engine.observe()
    assert "its plugin failed" in taken.trust["compute.flavor"].reason
    assert taken.trust["network.port"].is_fresh


def test_a_kind_is_listed_after_what_it_needs(cloud, tmp_path):
    """A kind whose precondition cannot be listed is not known either."""
    managers = fakes.make_managers()
    kind = managers["compute.keypair"].KIND
    after = type(kind)(
        name=kind.name, identity_fields=("name",), listed_after=("identity.user", "other.kind")
    )
    managers["compute.keypair"].KIND = after
    engine = sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS)
    taken = engine.observe()
    assert "other.kind is not known" in taken.trust["compute.keypair"].reason


def test_a_token_that_may_not_see_everything_removes_nothing(engine, cloud):
    """A short list is no answer: every kind is in doubt."""
    cloud.blindness = "the token has no admin role"
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    assert not plan.steps
    assert "the token has no admin role" in plan.kept[0].reason


def test_a_plugin_that_is_missing_removes_nothing(cloud, tmp_path):
    """Without a kind's plugin nobody knows what its resources are tied to."""
    refused = exceptions.PluginRefused("cleanupd.resource_managers", "network.trunk", "no module")
    engine = sweep.Engine(
        cloud,
        fakes.make_managers(),
        sql.Journal(places.in_directory(tmp_path)),
        SETTINGS,
        refused=[refused],
    )
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    assert not plan.steps
    assert "network.trunk" in plan.kept[0].reason


def test_a_service_without_a_plugin_keeps_projects(engine, cloud):
    """A service that nobody looks at may hold things of a project, and placement does not."""
    cloud.services |= {("dns", "one"), ("compute", "two"), ("placement", "one")}
    taken = engine.observe()
    assert taken.unseen == ("region two is not looked at", "service dns is not looked at")


def test_a_task_means_its_own_uuid_and_its_workloads(engine):
    """The parts of a task are those of all its workloads, and its own."""
    task = "11111111-1111-4111-8111-111111111111"
    target = sweep.Target(tasks=(task,), expanded={task: (WORKLOAD,)})
    assert set(engine.select(target).parts) == {"11111111", "5a3b1c22"}
    assert not target.unexpanded
    assert sweep.Target(tasks=(task,)).unexpanded == (task,)


def test_no_uuid_is_no_task(engine):
    """What is no uuid is refused before anything is listed."""
    with pytest.raises(exceptions.InvalidOwnerId):
        engine.select(sweep.Target(tasks=("latest",)))


def test_kinds_may_be_named_by_their_service(engine):
    """A service's name means all its kinds; an unknown name is refused."""
    assert engine.kinds_of(["compute"]) == (
        "compute.flavor",
        "compute.keypair",
        "compute.server",
        "compute.server_group",
    )
    with pytest.raises(exceptions.UnknownKind, match="there is no kind 'trousers'"):
        engine.select(sweep.Target(kinds=("trousers",)))


def test_an_idle_workload_is_verified_by_name(engine, cloud):
    """What was idle when it was planned is looked for after its removal changed it."""
    cloud.trouble["net"] = [fakes.conflict()] * 1000
    done = run(engine, idle_s=600.0)
    assert {left.ref.id for left in done.certificate.left} == {"net", "p"}


def test_a_target_can_be_certified_without_a_sweep(engine):
    """A certificate says what is left of a target."""
    found = engine.certify(sweep.Target(workloads=(WORKLOAD,)))
    assert {left.ref.id for left in found.left} == {"net", "prt", "srv", "p"}
    assert engine.certify(sweep.Target(workloads=(WORKLOAD.replace("5", "6"),))).is_clean


def test_first_sightings_are_remembered(engine, cloud, tmp_path):
    """What carries no date is known since it was first seen, by another engine too."""
    first = engine.sight(engine.observe())
    assert sample.ref("identity.project", "p") in first
    other = sweep.Engine(
        cloud, fakes.make_managers(), sql.Journal(places.in_directory(tmp_path)), SETTINGS
    )
    assert other.sight(other.observe()) == first


def test_sightings_that_cannot_be_kept_are_those_of_now(cloud, tmp_path):
    """Looking needs no journal."""
    (tmp_path / "file").write_text("")
    journal = sql.Journal(places.in_directory(tmp_path / "file"))
    engine = sweep.Engine(cloud, fakes.make_managers(), journal, SETTINGS)
    taken = engine.observe()
    assert set(engine.sight(taken).values()) == {taken.taken_at}
