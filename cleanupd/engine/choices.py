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

"""What an engine is told by options, read once."""

import datetime

import msgspec

from cleanupd.core import budgets
from cleanupd.core import generators
from cleanupd.core import patterns
from cleanupd.core import safety as safeties
from cleanupd.engine import executor


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is built with, read from options once.

    ``lifted`` are the holds that keep nothing, as in
    :class:`~cleanupd.core.workloads.Selection`; ``history`` is how long
    sweeps are kept, None for ever; ``rally`` is the URL of Rally's database,
    ``enter_as`` the role by which the user gets into a benchmark's projects.
    """

    names: tuple[patterns.Pattern, ...] = generators.BUILTIN_PATTERNS
    without_resources: frozenset[str] = frozenset({"placement"})
    enter_as: str | None = None
    list_workers: int = 8
    limits: executor.Limits = executor.Limits()
    lifted: frozenset[str] = frozenset()
    history: datetime.timedelta | None = None
    budget: budgets.Limits = budgets.Limits()
    safety: safeties.Safety = safeties.Safety()
    rally: str | None = None
