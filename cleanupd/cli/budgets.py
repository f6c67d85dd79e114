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

"""``cleanupctl budget``: how much may be removed, and how much of that is spent."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from cleanupd.cli import command

if TYPE_CHECKING:
    from cleanupd.core import budgets


class ShowBudget(command.ListCommand):
    """Show how much may be removed, and how much of it is spent in this hour.

    The hour counts all sweeps of the cloud and region: those of the schedule, those
    that were asked of the daemon and, with --os-cloud, those whose journal is in the same
    --state-dir. The other limits hold for each sweep anew; the share is in percent.
    """

    examples = """\
  cleanupctl budget show
  cleanupctl budget show --os-cloud NAME -f json
"""
    columns = ("Budget", "Limit", "Spent", "Left", "Since", "Room At", "Kinds")
    short_columns = columns

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return the budgets."""
        with self.client() as client:
            balance = client.budget()
        return self.columns, _rows(balance)


def _rows(balance: "budgets.Balance") -> Iterable[Sequence[Any]]:
    limits, spent = balance.limits, balance.spent
    room_at = balance.room_at if spent.total else None
    hour = (spent.total, balance.left, spent.since, room_at, spent.kinds)
    yield ("per_hour", limits.per_hour, *hour)
    for name, limit in (
        ("per_sweep", limits.per_sweep),
        ("per_kind", limits.per_kind),
        ("share", limits.share),
    ):
        yield (name, limit, None, None, None, None, {})
