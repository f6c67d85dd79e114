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

"""The options of schedules: a group for each, which ``[sweep] schedules`` names."""

import copy
import re

from oslo_config import cfg
from oslo_config import types

from cleanupd import exceptions
from cleanupd.core import patterns

#: What the names of groups begin with.
PREFIX = "schedule_"
#: The schedule of the group ``sweep``.
PLAIN = "sweep"
#: What stands for all groups where options are listed.
SAMPLE_GROUP = cfg.OptGroup(
    f"{PREFIX}name", title="A schedule; [sweep] schedules has each name that there is"
)

OPTS = [
    cfg.StrOpt(
        "cron",
        help="""\
When it sweeps: a crontab expression.

Five fields, minute, hour, day of the month, month and day of the week, in UTC:
``30 2 * * 1-5`` is half past two on working days. Where both days are
restricted, both have to fit. Give either this or ``interval``.""",
    ),
    cfg.IntOpt(
        "interval",
        min=1,
        help="""\
Seconds from one of its sweeps to the next.

The first comes so long after the daemon has started. A sweep that still waits
or runs by then is not followed by another one before it is over.""",
    ),
    cfg.StrOpt(
        "mode",
        default="report",
        choices=[
            ("report", "Its plans are made and stored; nothing is removed."),
            ("enforce", "What its plans say is removed."),
        ],
        help="""\
Whether it removes anything.

Only what ``[sweep] mode`` allows, too: the stricter of both holds.""",
    ),
    cfg.ListOpt(
        "tasks",
        default=[],
        help="""\
Uuids of the Rally tasks whose resources it sweeps.

As ``[sweep] tasks``. Empty means none.""",
    ),
    cfg.ListOpt(
        "workloads",
        default=[],
        help="""\
Uuids of the workloads whose resources it sweeps.

As ``[sweep] workloads``. Empty means none.""",
    ),
    cfg.BoolOpt(
        "all_over",
        default=False,
        help="""\
Whether it sweeps all workloads that are over, though nobody has named them.

To remove them, and not only to report them, takes ``[sweep] all_over = true``,
too.""",
    ),
    cfg.IntOpt(
        "idle",
        min=60,
        help="""\
Seconds after which a workload that nobody has named counts as over.

Unset, or shorter than ``[sweep] idle``, means as that says.""",
    ),
    cfg.ListOpt(
        "scopes",
        default=[],
        item_type=types.String(choices=[str(scope) for scope in patterns.Scope]),
        help="""\
The only scopes whose resources it sweeps.

What scenarios, contexts, verifications and formats of your own have named.
Empty means all.""",
    ),
    cfg.ListOpt(
        "formats",
        default=[],
        help="""\
The only formats of names whose resources it sweeps.

As ``[names] format`` has them, or Rally's own: ``s_rally_XXXXXXXX_XXXXXXXX``.
Empty means all.""",
    ),
    cfg.ListOpt(
        "kinds",
        default=[],
        help="""\
The only kinds, or services, whose resources it sweeps.

``compute.server``, or ``compute`` for all kinds of the service. What other
kinds keep in use stays. Empty means all.""",
    ),
    cfg.IntOpt(
        "per_sweep",
        min=0,
        help="""\
How many resources one sweep of it may remove.

Never more than ``[budget]`` allows. What is over it is left, and the next
sweep goes on with it. 0 means that nothing is removed. Unset means as
``[budget]`` says.""",
    ),
    cfg.BoolOpt(
        "at_end",
        default=True,
        help="""\
Whether a workload of its scope is swept as soon as it is over, too.

That is when Rally's database says so, or when the workload was idle for
``idle`` seconds: then a sweep of this workload alone is made at once, as the
schedule would, once for each time that it becomes over. False means that it
waits for the schedule's time: right where things may be removed only then.""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the groups of the schedules that the options name; raises InvalidOptions."""
    for name in conf.sweep.schedules:
        if not re.fullmatch(r"[a-z0-9_-]{1,60}", name):
            raise exceptions.InvalidOptions(
                f"[sweep] schedules: {name!r} is no name: a to z, digits, _ and - make one"
            )
        if name == PLAIN:
            raise exceptions.InvalidOptions(
                f"[sweep] schedules: {PLAIN} is the schedule of [sweep] interval: choose"
                " another name"
            )
        conf.register_group(cfg.OptGroup(place_of(name), title=f"The schedule {name}"))
        conf.register_opts(copy.deepcopy(OPTS), group=place_of(name))


def place_of(name: str) -> str:
    """Return the name of the group of a schedule."""
    return PLAIN if name == PLAIN else f"{PREFIX}{name}"
