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

"""cleanupctl model stats."""

import argparse
from collections.abc import Sequence
import datetime
from typing import TYPE_CHECKING
from typing import Any

from cleanupd.cli import command
from cleanupd.cli import reports
from cleanupd.cli import rows
from cleanupd.cli import tables
from cleanupd.cli import text
from cleanupd.engine import clock

if TYPE_CHECKING:
    from cleanupd.rpc import models

_COLUMNS = (
    "Service",
    "Resources",
    "Waiting",
    "Running",
    "Last sync",
    "Next sync",
    "Failures",
    "Last result",
)
#: What a table has: what went wrong, which is long, goes below it.
_TABLE = ("Service", "Resources", "Waiting", "Last sync", "Next sync", "Failures")
#: What is counted of the messages, in the order in which they are sorted out.
_COUNTS = ("handled", "unwanted", "unknown", "failed", "filtered", "malformed", "gaps")


class ShowStats(command.ReportCommand):
    """Show how the model is kept: by the listing of each service, and by the bus.

    `Waiting` is what was touched and is not read yet. Of the messages of the bus
    these were handled; unwanted, since no service that is looked at sent them; of
    an unknown type; failed; filtered by the options; or malformed. A gap is a time
    in which messages may have been missed: the cloud was listed for it.
    """

    examples = """\
  cleanupctl model stats --config-file /etc/cleanupd/cleanupd.conf
  cleanupctl model stats --config-file FILE -f json | jq '.Bus.Heard'
"""
    columns = ("Cloud", "Region", "Services", "Bus")
    rows_field = "Services"
    row_columns = _COLUMNS

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return how the model is kept."""
        with self.client() as client:
            stats = client.stats()
        if self.is_text(parsed_args):
            stdout = self.app.stdout
            _write(stats, reports.Writer(stdout, tables.find_width(parsed_args, stdout)))
        services = [_row(one) for one in stats.services]
        return self.columns, (stats.cloud, stats.region, services, _bus(stats.bus))


def _row(state: "models.ServiceState") -> rows.Row:
    return dict(
        zip(
            _COLUMNS,
            (
                state.service,
                state.resources,
                state.waiting,
                state.is_running,
                state.last_sync_at,
                state.next_sync_at,
                state.failures,
                state.last_result,
            ),
            strict=True,
        )
    )


def _bus(bus: "models.BusState") -> rows.Row:
    counts = {name.capitalize(): getattr(bus, name) for name in _COUNTS}
    return {"Heard": bus.why_deaf is None, "Why deaf": bus.why_deaf, **counts}


def _write(stats: "models.ModelStats", writer: reports.Writer) -> None:
    now = clock.now()
    writer.line(f"Cloud {stats.cloud}, region {stats.region}")
    writer.table(_TABLE, [_row(one) | _times(one, now) for one in stats.services])
    for one in stats.services:
        if one.failures:
            writer.line(f"{one.service}: {one.last_result}")
    writer.line()
    if stats.bus.why_deaf is None:
        writer.line("The bus is heard.")
    else:
        writer.line(f"The bus is not heard: {stats.bus.why_deaf}")
    counts = ", ".join(f"{getattr(stats.bus, name)} {name}" for name in _COUNTS[:-1])
    writer.line(f"Messages: {counts}; {text.count(stats.bus.gaps, 'gap')}")
    writer.flush()


def _times(state: "models.ServiceState", now: datetime.datetime) -> rows.Row:
    """Return what a table has in place of moments: how long ago, and how long until."""
    last, following = state.last_sync_at, state.next_sync_at
    told = {
        "Last sync": last and f"{text.describe_duration(now - last)} ago",
        "Next sync": following and f"in {text.describe_duration(following - now)}",
    }
    return told | ({"Next sync": "now"} if state.is_running else {})
