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

"""The options of budgets: how much may be removed at once and in an hour."""

from oslo_config import cfg

from cleanupd.core import budgets

GROUP = cfg.OptGroup("budget", title="How much may be removed")

_DEFAULTS = budgets.Limits()

OPTS = [
    cfg.IntOpt(
        "per_sweep",
        default=_DEFAULTS.per_sweep,
        min=0,
        help="""\
How many resources one sweep may remove.

What is over it is left, and the next sweep goes on with it; nothing lifts
this limit. 0 means that nothing is removed. There is no number for
"unlimited". The largest benchmarks leave about ten thousand resources: twice
as many fit, and more are rather a mistake than a benchmark's.""",
    ),
    cfg.IntOpt(
        "per_kind",
        default=_DEFAULTS.per_kind,
        min=0,
        help="""\
How many resources of one kind, such as ``network.port``, a sweep may remove.

What is over it is left, and the next sweep goes on with it; nothing lifts
this limit. 0 means that nothing is removed. Ten thousand leaks of one kind go
in one sweep.""",
    ),
    cfg.IntOpt(
        "per_hour",
        default=_DEFAULTS.per_hour,
        min=0,
        help="""\
How many resources may be removed within an hour.

All sweeps of a cloud and region count together whoever asked for them, those
before a restart too. What is over it is left until there is room; nothing
lifts this limit. 0 means that nothing is removed. Two of the largest sweeps
fit into an hour.""",
    ),
    cfg.IntOpt(
        "share",
        default=_DEFAULTS.share,
        min=0,
        help=f"""\
How many percent of what stays of a kind a plan may remove unapproved.

With 50, at most 100 ports are removed where 200 stay. A plan that would remove
more is stored and not executed until somebody approves it by its id and the
name of the cloud: ``cleanupctl sweep start --plan ID --confirm CLOUD``. No
approval lifts the other limits. Kinds of which fewer than {budgets.SMALL} stay are
exempt. 0 means that every plan has to be approved, whatever stays.""",
    ),
]
