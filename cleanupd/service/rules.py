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

"""What the schedule and requests over the bus may do.

The bus is not a trusted caller: every compute node holds a password of it.
"""

import datetime

from cleanupd import exceptions
from cleanupd.conf import schedule as groups
from cleanupd.conf import settings
from cleanupd.core import liveness
from cleanupd.core import planning
from cleanupd.core import workloads
from cleanupd.engine import sweep as sweeps


def check_askable(target: sweeps.Target) -> None:
    """Return if a target may be asked for at all; raises Refused."""
    if target.is_everything:
        raise exceptions.Refused(
            "everything, running benchmarks too, is never swept over the bus:"
            " run cleanupctl with --os-cloud on a host that has clouds.yaml"
        )
    if not target.tasks and not target.workloads and target.idle_s is None:
        raise exceptions.Refused("nothing is asked for: name a task or a workload")


def find_objections(
    rules: settings.Rules, target: sweeps.Target, *, cloud: str, confirm: str | None
) -> tuple[str, ...]:
    """Return all that speaks against removing what a target asks for, one remedy each."""
    idle = None if target.idle_s is None else datetime.timedelta(seconds=target.idle_s)
    return (*_mode(rules), *_idle(rules, idle), *_confirmation(idle, cloud, confirm))


def find_patience(
    rules: settings.Rules, target: sweeps.Target, *, is_scheduled: bool
) -> liveness.Patience | None:
    """Return how long what a target reaches unnamed has to be idle; None where it reaches none."""
    if target.idle_s is None:
        return None
    return liveness.Patience(
        idle=datetime.timedelta(seconds=rules.enforce_idle_s),
        sighted=datetime.timedelta(seconds=rules.min_age_s if is_scheduled else 0),
    )


def find_objections_of_cloud(engine: sweeps.Engine) -> tuple[str, ...]:
    """Return what speaks against removing anything at all from a cloud."""
    reason = engine.why_only_reported()
    return (reason,) if reason else ()


def find_objections_of_schedule(
    rules: settings.Rules, name: str, target: sweeps.Target
) -> tuple[str, ...]:
    """Return what speaks against removing what a schedule asks for, by the options of now."""
    if name == groups.PLAIN:
        return _mode(rules)
    place, schedule = groups.place_of(name), rules.schedules.get(name)
    if schedule is None:
        return (f"there is no schedule {name} any more",)
    idle = None if target.idle_s is None else datetime.timedelta(seconds=target.idle_s)
    own = () if schedule.is_enforcing else (f"it only reports: set [{place}] mode = enforce",)
    return (*_mode(rules), *own, *_idle(rules, idle))


def check_plan(
    rules: settings.Rules, plan: planning.Plan, now: datetime.datetime, *, confirm: str | None
) -> None:
    """Return if a stored plan may be executed now; raises Refused.

    The rules may have changed since the plan was made.
    """
    selection: workloads.Selection = plan.selection
    objections = [
        *_mode(rules),
        *_idle(rules, selection.idle),
        *_patience(rules, selection),
        *_confirmation(selection.idle, plan.cloud, confirm),
    ]
    if selection.is_everything:
        objections.append("plans for everything are not executed over the bus")
    if selection.limits:
        objections.append("what a project is to have is asked for with --os-cloud alone")
    age = (now - plan.made_at).total_seconds()
    if rules.plan_lifetime_s and age > rules.plan_lifetime_s:
        objections.append(
            f"the plan is {age:.0f} s old and [sweep] plan_lifetime is"
            f" {rules.plan_lifetime_s:.0f}: make a new one"
        )
    if objections:
        raise exceptions.Refused("; ".join(objections))


def _mode(rules: settings.Rules) -> tuple[str, ...]:
    if rules.is_enforcing:
        return ()
    return ("the daemon only reports: set [sweep] mode = enforce to let it remove",)


def _idle(rules: settings.Rules, idle: datetime.timedelta | None) -> tuple[str, ...]:
    if idle is None:
        return ()
    found = []
    if not rules.is_all_over:
        found.append(
            "workloads that nobody has named are spared: set [sweep] all_over = true,"
            " or name a task or a workload"
        )
    if idle.total_seconds() < rules.idle_s:
        found.append(f"ask for an idle time of at least [sweep] idle, {rules.idle_s:.0f} s")
    return tuple(found)


def _patience(rules: settings.Rules, selection: workloads.Selection) -> tuple[str, ...]:
    """Return what speaks against a plan that was made when less was asked of idle workloads."""
    if selection.idle is None:
        return ()
    asked = selection.patience
    planned_s = 0.0 if asked is None else asked.idle.total_seconds()
    if asked is None or (planned_s and not 0 < rules.enforce_idle_s <= planned_s):
        return ("the plan takes idle workloads that [sweep] enforce_idle spares: make a new one",)
    return ()


def _confirmation(
    idle: datetime.timedelta | None, cloud: str, confirm: str | None
) -> tuple[str, ...]:
    if idle is None or confirm == cloud:
        return ()
    return (f"confirm it with the name of the cloud, {cloud}: --confirm {cloud}",)
