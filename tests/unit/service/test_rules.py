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

"""What may be swept by the schedule and over the bus."""

import datetime

import pytest

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.core import baselines
from cleanupd.engine import sweep as sweeps
from cleanupd.service import rules
from tests.unit.core import sample
from tests.unit.service import stage

OPEN = settings.Rules(is_enforcing=True, is_all_over=True, idle_s=600.0)
REPORT = settings.Rules(is_all_over=True)
NAMED_ONLY = settings.Rules(is_enforcing=True)
NET = sample.record("network.network", "net", name=sample.name(), project_id="p")


def objections(chosen, target, confirm=None):
    """Return what speaks against a target."""
    return rules.find_objections(chosen, target, cloud="sample", confirm=confirm)


def test_a_named_workload_may_be_removed():
    """In mode enforce a name is enough."""
    assert objections(NAMED_ONLY, stage.NAMED) == ()


def test_in_mode_report_nothing_is_removed():
    """What says so names the option that would let it."""
    (only,) = objections(REPORT, stage.NAMED)
    assert "[sweep] mode = enforce" in only


def test_unnamed_workloads_need_the_option():
    """The name of the cloud alone is not enough."""
    (only,) = objections(NAMED_ONLY, stage.IDLE, confirm="sample")
    assert "[sweep] all_over = true" in only


@pytest.mark.parametrize("confirm", [None, "", "SAMPLE", "other"])
def test_unnamed_workloads_need_the_name_of_the_cloud(confirm):
    """The option alone is not enough."""
    (only,) = objections(OPEN, stage.IDLE, confirm=confirm)
    assert "confirm it with the name of the cloud, sample" in only


def test_unnamed_workloads_may_be_removed_with_both():
    """Option and name together are enough."""
    assert objections(OPEN, stage.IDLE, confirm="sample") == ()


def test_a_named_workload_beside_unnamed_ones_changes_nothing():
    """To name one workload does not let the others in."""
    both = sweeps.Target(workloads=(stage.WORKLOAD,), idle_s=600.0)
    assert len(objections(NAMED_ONLY, both)) == 2


@pytest.mark.parametrize("idle_s", [0.0, 599.0, -1.0])
def test_idle_times_are_not_shorter_than_the_option(idle_s):
    """Who may ask for an idle time may not ask for none."""
    (only,) = objections(OPEN, sweeps.Target(idle_s=idle_s), confirm="sample")
    assert "at least [sweep] idle, 600 s" in only


@pytest.mark.parametrize("chosen", [OPEN, REPORT])
def test_everything_is_always_refused(chosen):
    """No option lets live benchmarks be swept over the bus."""
    del chosen
    with pytest.raises(exceptions.Refused, match="--os-cloud"):
        rules.check_askable(sweeps.Target(is_everything=True, workloads=(stage.WORKLOAD,)))


def test_nothing_may_not_be_asked_for():
    """A target without a name or an idle time is a mistake."""
    with pytest.raises(exceptions.Refused, match="name a task or a workload"):
        rules.check_askable(sweeps.Target(scopes=("scenario",)))


LIMIT = baselines.unmatched("p", "demo")


def check(chosen, plan, age_s=0.0, confirm=None):
    """Check a plan at some age."""
    now = plan.made_at + datetime.timedelta(seconds=age_s)
    rules.check_plan(chosen, plan, now, confirm=confirm)


def test_a_plan_for_named_workloads_may_be_executed():
    """In mode enforce, and while it is young."""
    check(NAMED_ONLY, sample.plan(NET, parts={sample.PART: ()}), age_s=3600.0)


def test_an_old_plan_is_refused():
    """What was over when it was made may be alive again."""
    with pytest.raises(exceptions.Refused, match=r"3601 s old.*plan_lifetime is 3600"):
        check(NAMED_ONLY, sample.plan(NET, parts={sample.PART: ()}), age_s=3601.0)


def test_without_a_lifetime_a_plan_never_is_old():
    """0 means for ever."""
    forever = settings.Rules(is_enforcing=True, plan_lifetime_s=0)
    check(forever, sample.plan(NET, parts={sample.PART: ()}), age_s=1e9)


@pytest.mark.parametrize(
    ("chosen", "selection", "why"),
    [
        (REPORT, {"parts": {sample.PART: ()}}, "mode = enforce"),
        (NAMED_ONLY, {"idle": sample.HOUR}, "all_over = true"),
        (OPEN, {"idle": sample.HOUR}, "name of the cloud, sample"),
        (OPEN, {"idle": datetime.timedelta(0)}, "at least"),
        (OPEN, {"is_everything": True}, "everything"),
        (OPEN, {"parts": {"project p": ()}, "limits": (LIMIT,)}, "--os-cloud alone"),
    ],
)
def test_a_plan_may_do_no_more_than_a_request(chosen, selection, why):
    """The rules of now hold for plans that were made under others."""
    with pytest.raises(exceptions.Refused, match=why):
        check(chosen, sample.plan(NET, **selection))
