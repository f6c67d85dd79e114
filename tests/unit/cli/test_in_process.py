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

"""The client without a daemon."""

import contextlib
import datetime

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.cli import in_process
from cleanupd.core import budgets
from cleanupd.core import lookup
from cleanupd.core import protections
from cleanupd.engine import clock
from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from cleanupd.journal import store
from tests.unit.core import sample
from tests.unit.engine import fakes

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"
NAMED = sweep.Target(workloads=(WORKLOAD,))
SETTINGS = sweep.Settings(limits=executor.Limits(poll_s=0.01, timeout_s=1.0, conflict_s=0.0))


@pytest.fixture
def cloud():
    """Give a cloud with a benchmark's network and somebody's."""
    return fakes.FakeCloud().add(
        sample.record("network.network", "net", name=sample.name()),
        sample.record("network.network", "foreign", name="production"),
    )


@pytest.fixture
def journal(tmp_path):
    """Give a journal."""
    return sql.Journal(places.in_directory(tmp_path))


@pytest.fixture
def client(cloud, journal):
    """Give a client of the cloud, whose plans hold for an hour."""
    return in_process.InProcessClient(
        lambda kept: sweep.Engine(cloud, fakes.make_managers(), kept, SETTINGS),
        journal,
        cloud.name,
        terms=in_process.Terms(plan_lifetime_s=3600.0),
    )


def test_the_journal_is_read_without_a_cloud(journal):
    """Who only asks for sweeps needs no cloud that answers."""

    def connect(_):
        raise AssertionError

    client = in_process.InProcessClient(connect, journal, "sample")
    assert client.sweeps() == ()


def test_sweeps_are_those_of_the_cloud(client, journal):
    """The journal may hold other clouds' sweeps, too."""
    own = client.start(NAMED, is_dry_run=True)
    journal.save(msgspec.structs.replace(own, id="other", cloud="other"))
    assert client.sweeps() == (own,)


def test_a_sweep_is_done_when_it_has_started(client, cloud):
    """In process nothing goes on alone."""
    done = client.start(NAMED)
    assert done.state is store.State.DONE
    assert [ref.id for ref in cloud.records] == ["foreign"]
    assert client.sweep(done.id) == done


def test_a_dry_run_removes_nothing(client, cloud):
    """What is planned is stored, and all is there."""
    planned = client.start(sweep.Target(is_everything=True), is_dry_run=True)
    assert planned.state is store.State.PLANNED
    assert len(client.stored_plan(planned.id).steps) == 1
    assert len(cloud.records) == 2


@pytest.mark.parametrize("target", [sweep.Target(is_everything=True), sweep.Target(idle_s=0.0)])
@pytest.mark.parametrize("confirm", [None, "other", ""])
def test_what_nobody_named_needs_the_clouds_name(client, cloud, target, confirm):
    """Without the name of the cloud it is refused, whether started or executed."""
    with pytest.raises(exceptions.Refused, match="--confirm sample"):
        client.start(target, confirm=confirm)
    with pytest.raises(exceptions.Refused, match="--confirm sample"):
        client.execute(client.plan(target).id, confirm=confirm)
    assert len(cloud.records) == 2


def test_a_confirmed_sweep_is_done(client, cloud):
    """With the name of the cloud it goes."""
    client.start(sweep.Target(is_everything=True), confirm="sample")
    assert len(cloud.records) == 1


def age(client, journal, plan_id, **changes):
    """Change a stored plan."""
    plan = msgspec.structs.replace(client.stored_plan(plan_id), **changes)
    journal.save(journal.sweep(plan_id), plan)


def test_a_plan_grows_old(client, journal, cloud):
    """What was decided long ago is decided anew."""
    plan = client.plan(NAMED)
    age(client, journal, plan.id, made_at=clock.now() - datetime.timedelta(hours=2))
    with pytest.raises(exceptions.Refused, match="older than 3600 s"):
        client.execute(plan.id)
    assert len(cloud.records) == 2


def test_a_plan_is_for_its_region(client, journal):
    """A plan of another region is refused."""
    plan = client.plan(NAMED)
    age(client, journal, plan.id, region="two")
    with pytest.raises(exceptions.Refused, match="it is for cloud sample, region two"):
        client.execute(plan.id)


def test_a_plan_is_executed_once(client):
    """The second time is refused."""
    plan = client.plan(NAMED)
    client.execute(plan.id)
    with pytest.raises(exceptions.Refused, match="executed before"):
        client.execute(plan.id)


def test_what_makes_no_sense_is_told_before_anything_is_listed(client, cloud):
    """A wrong uuid costs no listing."""
    cloud.broken["network.network"] = AssertionError("it was listed")
    for ask in (client.plan, client.leaks):
        with pytest.raises(exceptions.InvalidOwnerId):
            ask(sweep.Target(workloads=("5a3b",)))


def test_looks_tell_the_same(client):
    """Leaks, workloads, the model and the certificate are of one cloud."""
    assert client.leaks(NAMED).judgement.foreign == 1
    (workload,) = client.workloads()
    assert workload.part == WORKLOAD[:8]
    assert {state.kind: state.count for state in client.model().kinds}["network.network"] == 2
    (left,) = client.verify(NAMED).left
    assert left.ref.id == "net"


def test_a_sync_lists_what_is_asked_for(client, cloud):
    """Of other services nothing is listed, and a kind that fails is told."""
    cloud.broken["image.image"] = AssertionError("it was listed")
    cloud.broken["network.port"] = exceptions.ServiceUnreachable("network", "u", "down")
    (network,) = client.sync(["network"])
    assert (network.service, network.count) == ("network", 2)
    assert network.problem.startswith("network.port: ")


def test_a_sync_lists_all_unless_told_otherwise(client):
    """Each service once, by name."""
    every = [one.service for one in client.sync()]
    assert every == sorted({kind.service for kind in sample.KINDS.values()})
    with pytest.raises(exceptions.UnknownService, match="compute, identity"):
        client.sync(["neutron"])


def test_a_kind_is_shown_after_its_service_was_listed(client, cloud):
    """By its workload, too; what makes no sense costs no listing."""
    query = lookup.Query(kind="network.network", workload=WORKLOAD)
    assert [record.id for record in client.records(query).records] == ["net"]
    cloud.broken["network.network"] = AssertionError("it was listed")
    with pytest.raises(exceptions.UnknownKind):
        client.records(lookup.Query(kind="network.toaster"))


def test_the_statistics_of_a_process_are_those_of_its_listing(client, cloud):
    """Nobody listens to a bus here."""
    cloud.broken["compute.server"] = exceptions.ServiceUnreachable("compute", "u", "down")
    stats = client.stats()
    services = {one.service: one for one in stats.services}
    assert (services["network"].resources, services["network"].failures) == (2, 0)
    assert services["compute"].failures == 1
    assert "compute.server" in services["compute"].last_result
    assert stats.bus.why_deaf == "only a daemon listens"


def test_trust_is_that_of_a_listing(client, cloud):
    """A kind that could not be listed is not to be trusted."""
    cloud.broken["compute.server"] = exceptions.ServiceUnreachable("compute", "u", "down")
    trust = {one.kind: one.trust for one in client.trust().kinds}
    assert (trust["compute.server"], trust["network.network"]) == ("untrusted", "fresh")


def test_a_cloud_out_of_reach_is_planned_and_never_swept(client, cloud):
    """The refusal names the option, before anything is listed."""
    cloud.name = "production"
    with pytest.raises(exceptions.Refused, match=r"\[safety\] refused_terms"):
        client.start(NAMED)
    plan = client.plan(NAMED)
    with pytest.raises(exceptions.Refused, match=r"\[safety\] refused_terms"):
        client.execute(plan.id)
    assert not [entry for entry in cloud.log if entry[0] == "delete"]


def test_protections_are_made_listed_and_removed(client, cloud):
    """What is protected is kept, and is not any more when the protection is removed."""
    made = client.protect(protections.Wanted(reason="look", workloads=(WORKLOAD,)), by="alice")
    assert (made.cloud, made.region, made.by) == ("sample", "one", "alice")
    assert made.parts == (WORKLOAD[:8],)
    assert client.protections() == (made,)
    done = client.start(NAMED)
    assert made.id in client.stored_plan(done.id).kept[0].reason
    assert not [entry for entry in cloud.log if entry[0] == "delete"]
    assert client.unprotect(made.id, by="bob") == made
    assert client.protections() == ()
    with pytest.raises(exceptions.Refused, match=f"no protection {made.id}"):
        client.unprotect(made.id, by="bob")
    client.start(NAMED)
    assert [entry for entry in cloud.log if entry[0] == "delete"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "nothing is protected unless it is named"),
        ({"ids": ("",)}, "nothing is protected unless it is named"),
        ({"ids": ("x",), "reason": " "}, "needs a reason"),
        ({"tasks": (WORKLOAD,)}, "name the workloads"),
        ({"ids": ("x",), "expires_at": sample.NOW.replace(tzinfo=None)}, "needs a time zone"),
        (
            {"ids": ("x",), "expires_at": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)},
            "expired already",
        ),
    ],
)
def test_a_protection_that_protects_nothing_is_refused(client, fields, why):
    """Nothing is stored."""
    with pytest.raises(exceptions.Refused, match=why):
        client.protect(protections.Wanted(**{"reason": "r"} | fields), by="alice")
    assert client.protections() == ()


def test_a_stored_plan_is_withdrawn(client, cloud):
    """Nobody executes it any more."""
    plan = client.plan(NAMED)
    done = client.cancel(plan.id, by="alice")
    assert (done.state, done.note) == (store.State.CANCELLED, "it was cancelled by alice")
    with pytest.raises(exceptions.Refused, match="it was cancelled; make a new one"):
        client.execute(plan.id)
    with pytest.raises(exceptions.Refused, match="is cancelled already"):
        client.cancel(plan.id, by="alice")
    assert len(cloud.records) == 2


def test_a_sweep_that_was_killed_is_marked_by_the_next(cloud, journal):
    """Whoever holds the journal's lock knows that nobody else removes."""
    said, held = [], []

    @contextlib.contextmanager
    def hold():
        held.append("entered")
        yield
        held.append("left")

    client = in_process.InProcessClient(
        lambda kept: sweep.Engine(cloud, fakes.make_managers(), kept, SETTINGS),
        journal,
        cloud.name,
        say=said.append,
        terms=in_process.Terms(hold=hold),
    )
    killed = client.start(NAMED, is_dry_run=True)
    journal.save(msgspec.structs.replace(killed, state=store.State.RUNNING))
    with journal.events(killed.id) as events:
        events.append(
            store.Event(
                at=clock.now().isoformat(),
                what=store.INTENT,
                ref=sample.ref("network.network", "net"),
            )
        )
    assert client.start(NAMED).state is store.State.DONE
    assert held == ["entered", "left"]
    marked = client.sweep(killed.id)
    assert marked.state is store.State.FAILED
    assert "of 1 removals it is not known what came of them" in marked.note
    assert said == [f"sweep {killed.id} was interrupted: {marked.note}"]


def test_where_a_daemon_removes_a_command_only_reports(cloud, journal):
    """It plans, and removes nothing, whether it makes the plan or is given one."""
    client = in_process.InProcessClient(
        lambda kept: sweep.Engine(cloud, fakes.make_managers(), kept, SETTINGS),
        journal,
        cloud.name,
        terms=in_process.Terms(why_daemons="ask the daemon"),
    )
    plan = client.plan(NAMED)
    with pytest.raises(exceptions.Refused, match="ask the daemon"):
        client.start(NAMED)
    with pytest.raises(exceptions.Refused, match="ask the daemon"):
        client.execute(plan.id)
    assert "delete" not in {what for what, _ in cloud.log}


def test_a_sweep_of_another_process_is_not_cancelled(client, journal):
    """It says how that is done."""
    plan = client.plan(NAMED)
    journal.save(msgspec.structs.replace(client.sweep(plan.id), state=store.State.RUNNING))
    with pytest.raises(exceptions.Refused, match="press Ctrl-C there"):
        client.cancel(plan.id, by="alice")


def test_only_a_plan_of_before_is_approved(cloud, journal):
    """To confirm a sweep that makes its own plan approves nothing: nobody has seen it."""
    limits = budgets.Limits(share=0)
    settings = msgspec.structs.replace(SETTINGS, budget=limits)

    def make_client():
        return in_process.InProcessClient(
            lambda kept: sweep.Engine(cloud, fakes.make_managers(), kept, settings),
            journal,
            cloud.name,
        )

    first = make_client()
    plan = first.plan(NAMED)
    assert first.execute(plan.id, confirm="sample").state is store.State.PLANNED
    assert make_client().execute(plan.id).state is store.State.PLANNED
    assert len(cloud.records) == 2
    assert make_client().execute(plan.id, confirm="sample").state is store.State.DONE
    assert make_client().budget().spent.total == 1
