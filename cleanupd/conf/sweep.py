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

"""The options of sweeps: what may be removed, when, and how hard."""

from oslo_config import cfg
from oslo_config import types

_DAY_S = 86400


class _DayOrNever(types.Integer):
    """Takes 0 or, in seconds, at least a day: sooner nobody is called over for being idle."""

    def __call__(self, value: object) -> int:
        """Return the number; raises ValueError."""
        number = int(super().__call__(value) or 0)
        if 0 < number < _DAY_S:
            raise ValueError(f"{number} is less than a day: set at least {_DAY_S}, or 0")
        return number


GROUP = cfg.OptGroup("sweep", title="Sweeps")

OPTS = [
    cfg.StrOpt(
        "mode",
        default="report",
        choices=[
            ("report", "Plans are made and stored; nothing is removed."),
            ("enforce", "What a plan says is removed."),
        ],
        help="""\
Whether sweeps remove anything.

It holds for sweeps of the schedule and for those that are asked for over the
bus. In mode ``report`` the cloud gets nothing but GET requests, and the POST
for a token. Read some plans before you set ``enforce``.""",
    ),
    cfg.IntOpt(
        "interval",
        default=0,
        min=0,
        help="""\
Seconds between two scheduled sweeps.

0 means that there is no such schedule. What is swept say ``tasks``,
``workloads`` and ``all_over``; without any of them a scheduled sweep does
nothing. A workload of these that becomes over is swept at once. ``schedules``
has more than one schedule, and times of day.""",
    ),
    cfg.ListOpt(
        "schedules",
        default=[],
        help="""\
Names of further schedules, each with a group of its own.

``nightly`` is the group ``[schedule_nightly]``, which says when, what and how
much it sweeps. Empty means none.""",
    ),
    cfg.IntOpt(
        "history",
        default=90,
        min=0,
        help="""\
Days for which sweeps are kept in the journal.

Whenever a plan is made, sweeps that began earlier and are over are forgotten,
with their plans, events and certificates. 0 means that they are kept for ever.""",
    ),
    cfg.ListOpt(
        "tasks",
        default=[],
        help="""\
Uuids of the Rally tasks whose resources scheduled sweeps remove.

Rally puts the uuid of the workload, not of the task, into most names: name
the task's workloads in ``workloads`` too (``rally task report --json`` tells
them). Empty means none.""",
    ),
    cfg.ListOpt(
        "workloads",
        default=[],
        help="""\
Uuids of the workloads whose resources scheduled sweeps remove.

Empty means none. A workload that is named is swept even if it is alive.""",
    ),
    cfg.BoolOpt(
        "all_over",
        default=False,
        help="""\
Whether workloads may be swept that nobody has named.

True makes scheduled sweeps look for every workload that is over, and lets
requests over the bus do the same if they confirm the name of the cloud. In mode
``enforce`` they remove those that Rally's database calls over (``[rally]
connection``), and those that were seen idle for ``enforce_idle`` seconds. All
others that are idle for ``idle`` seconds are only reported.""",
    ),
    cfg.IntOpt(
        "idle",
        default=600,
        min=60,
        help="""\
Seconds after which a workload that nobody has named is reported as over.

Counted from the moment when a resource of it was last created or changed. A
resource without any date counts from when this daemon saw it first. Requests
over the bus may ask for longer, not for shorter. Choose more than the longest
pause of your benchmarks.""",
    ),
    cfg.Opt(
        "enforce_idle",
        type=_DayOrNever(min=0),
        default=0,
        help="""\
Seconds without any activity after which an idle workload may be removed.

It holds for the schedule and for requests over the bus, with ``all_over``, and
for workloads that nobody has named and of which Rally's database does not say
that they are over. Only seconds count in which the daemon saw all: restarts,
listings that fail, a bus that is not heard and clocks that jump stop the count.
0 means that idle workloads are only reported; any other value has to be at
least 86400, a day.""",
    ),
    cfg.IntOpt(
        "plan_lifetime",
        default=3600,
        min=0,
        help="""\
Seconds for which a stored plan may be executed.

Each resource is looked at again before it is removed, but a workload may have
become alive since. 0 means for ever.""",
    ),
    cfg.IntOpt(
        "workers",
        default=8,
        min=1,
        max=64,
        help="""\
How many resources are removed at the same time at each service.

Fewer are kinder to a small control plane, more end earlier on a large one.""",
    ),
    cfg.FloatOpt(
        "poll_interval",
        default=1.0,
        min=0.1,
        help="""\
Seconds between two looks at whether resources have vanished.

A kind is listed as a whole, and never more often than twice the time that its
listing takes. Raise it to spare the services.""",
    ),
    cfg.IntOpt(
        "vanish_timeout",
        default=600,
        min=1,
        help="""\
Seconds that a resource may take to vanish after its removal was accepted.

Then its removal counts as failed and the sweep goes on without it. Raise it
where volumes are wiped when they are deleted.""",
    ),
    cfg.IntOpt(
        "conflict_wait",
        default=60,
        min=0,
        help="""\
Seconds for which a resource that is still in use is tried again.

0 means that it is tried once. Then its removal counts as failed and the sweep
goes on without it.""",
    ),
]
