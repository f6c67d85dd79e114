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

"""A client without a cloud, which remembers what it was asked."""

from cleanupd import exceptions
from cleanupd.core import budgets
from cleanupd.core import certificate
from cleanupd.core import explaining
from cleanupd.core import judgement
from cleanupd.core import lookup
from cleanupd.core import protections
from cleanupd.journal import store
from cleanupd.rpc import api
from cleanupd.rpc import models
from tests.unit.core import sample

RECORDS = (
    sample.record("network.network", "net", name=sample.name("net"), project_id="p"),
    sample.record("compute.server", "srv", name="backup", project_id="p"),
)
SNAPSHOT = sample.snapshot(*RECORDS, broken={"compute.keypair": "503"}, unseen=("service x",))
JUDGEMENT = judgement.judge(SNAPSHOT, sample.question(idle=sample.HOUR))
PLAN = sample.plan(*RECORDS, idle=sample.HOUR)
CERTIFICATE = certificate.certify(SNAPSHOT, JUDGEMENT, PLAN)
SWEEP = store.Sweep(
    id="20260301T120000-abcdef",
    cloud="sample",
    region="one",
    state=store.State.DONE,
    started_at="2026-03-01T12:00:00+00:00",
    planned=1,
    results=(store.Result(ref=PLAN.steps[0].ref, name=None, outcome=store.Outcome.GONE),),
    certificate=CERTIFICATE,
    note="a note",
)
WANTED = protections.Wanted(reason="we look at it", ids=("x",))
PROTECTION = protections.Protection(
    id="p-1",
    cloud="sample",
    region="one",
    reason="we look at it",
    by="alice",
    made_at=sample.NOW,
    ids=("x",),
)
BALANCE = budgets.Balance(
    cloud="sample",
    region="one",
    limits=budgets.Limits(per_hour=7),
    spent=budgets.Spent(kinds={"network.network": 3}, since=sample.NOW),
    as_of=sample.NOW,
)
STATUS = api.Status(
    version="1",
    api_version="1.1",
    host="here",
    cloud="sample",
    region="one",
    mode="report",
    started_at=sample.NOW,
    model_taken_at=None,
    jobs=(
        api.JobState(
            name="sync",
            interval_s=60.0,
            is_running=True,
            next_run_at=sample.NOW,
            last_ended_at=None,
            last_result=None,
        ),
    ),
    running=None,
    waiting=("a", "b"),
)
DAEMONS = (
    api.DaemonState(
        host="here",
        version="1",
        started_at=sample.NOW,
        seen_at=sample.NOW,
        is_answering=True,
        epoch=2,
        leading_since=sample.NOW,
    ),
    api.DaemonState(
        host="there", version="1", started_at=sample.NOW, seen_at=sample.NOW, is_answering=False
    ),
)
QUERY = lookup.Query(kind="compute.server", host="cmp1", limit=5)
FOUND = models.found(SNAPSHOT, lookup.Query(kind="compute.server"), ())
SYNCED = (models.Synced(service="compute", kinds=(FOUND.state,), failure="the catalogue: 503"),)
STATS = models.ModelStats(
    cloud="sample",
    region="one",
    services=(
        models.ServiceState(
            service="compute",
            resources=1,
            last_sync_at=sample.NOW,
            last_result="1 resources of 1 kinds",
            failures=0,
            waiting=2,
            is_running=True,
            next_sync_at=sample.NOW,
        ),
    ),
    bus=models.BusState(why_deaf="the broker is away", handled=3, gaps=1),
)


EXPLAINED = api.explained(
    SNAPSHOT,
    explaining.explain(SNAPSHOT, sample.KINDS, sample.MATCHER, JUDGEMENT, next(iter(SNAPSHOT))),
)


class FakeClient:
    """Answers with the constants above; ``trouble`` is raised by each method if there is any."""

    def __init__(self, trouble=None):
        """Have been asked nothing."""
        self.asked = []
        self.trouble = trouble

    def _answer(self, answer, *asked):
        self.asked.append(asked)
        if self.trouble is not None:
            raise self.trouble
        return answer

    def model(self):
        """Return the state of the model."""
        return self._answer(api.model_state(SNAPSHOT), "model")

    def trust(self):
        """Return the state of the model."""
        return self._answer(api.model_state(SNAPSHOT), "trust")

    def records(self, query):
        """Return a server."""
        return self._answer(FOUND, "records", query)

    def stats(self):
        """Return how the model is kept."""
        return self._answer(STATS, "stats")

    def sync(self, services=()):
        """Return what was found."""
        return self._answer(SYNCED, "sync", tuple(services))

    def leaks(self, target, *, is_fresh=False):
        """Return leaks."""
        return self._answer(api.leaks(SNAPSHOT, JUDGEMENT), "leaks", target, is_fresh)

    def explain(self, target, kind, resource_id, *, is_fresh=False):
        """Return an explanation."""
        return self._answer(EXPLAINED, "explain", target, kind, resource_id, is_fresh)

    def workloads(self, *, is_fresh=False):
        """Return workloads."""
        return self._answer(JUDGEMENT.workloads, "workloads", is_fresh)

    def plan(self, target):
        """Return a plan."""
        return self._answer(PLAN, "plan", target)

    def stored_plan(self, plan_id):
        """Return a plan."""
        return self._answer(PLAN, "stored_plan", plan_id)

    def start(self, target, *, confirm=None, is_dry_run=False):
        """Return a sweep."""
        return self._answer(SWEEP, "start", target, confirm, is_dry_run)

    def execute(self, plan_id, *, confirm=None):
        """Return a sweep."""
        return self._answer(SWEEP, "execute", plan_id, confirm)

    def sweep(self, sweep_id):
        """Return a sweep."""
        return self._answer(SWEEP, "sweep", sweep_id)

    def sweeps(self):
        """Return sweeps."""
        return self._answer((SWEEP,), "sweeps")

    def cancel(self, sweep_id, *, by):
        """Return a sweep."""
        return self._answer(SWEEP, "cancel", sweep_id, by.removesuffix(" over the bus"))

    def budget(self):
        """Return the budgets."""
        return self._answer(BALANCE, "budget")

    def protect(self, wanted, *, by):
        """Return a protection."""
        return self._answer(PROTECTION, "protect", wanted, by.removesuffix(" over the bus"))

    def protections(self):
        """Return protections."""
        return self._answer((PROTECTION,), "protections")

    def unprotect(self, protection_id, *, by):
        """Return a protection."""
        asker = by.removesuffix(" over the bus")
        return self._answer(PROTECTION, "unprotect", protection_id, asker)

    def verify(self, target):
        """Return a certificate."""
        return self._answer(CERTIFICATE, "verify", target)

    def daemons(self):
        """Return the daemons."""
        return self._answer(DAEMONS, "daemons")

    def status(self):
        """Return the status."""
        return self._answer(STATUS, "status")


def refusal():
    """Return an exception with fields of its own."""
    return exceptions.UnknownSweep("x", "/place")
