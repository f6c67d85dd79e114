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

"""``cleanupctl sweep``: what sweeps there were, and what came of them."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
from typing import TYPE_CHECKING
from typing import Any

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import reports
from cleanupd.cli import rows
from cleanupd.cli import tables
from cleanupd.cli import text
from cleanupd.journal.store import State

if TYPE_CHECKING:
    from cleanupd.core import planning
    from cleanupd.journal import store

Fields = tuple[Sequence[str], Sequence[Any]]


class SweepReport(command.ReportCommand):
    """A command that prints a sweep."""

    columns = reports.SWEEP_FIELDS
    row_columns = rows.COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--long",
            action="store_true",
            dest="is_long",
            help=f"every resource of a plan of more than {reports.MANY}",
        )
        return parser

    def writer(self, parsed_args: argparse.Namespace) -> reports.Writer:
        """Return what writes text to the width of the terminal."""
        stdout = self.app.stdout
        return reports.Writer(stdout, tables.find_width(parsed_args, stdout))

    def finish(
        self, sweep: "store.Sweep", plan: "planning.Plan | None", doubts: Sequence[str]
    ) -> Fields:
        """Set the exit code and return the fields."""
        if sweep.certificate is not None:
            left, doubts = bool(sweep.certificate.left), sweep.certificate.doubts
        else:
            left = bool(plan and (plan.steps or plan.kept))
        is_broken = sweep.state in (State.FAILED, State.CANCELLED)
        is_complete = self.say_doubts(doubts) and not is_broken
        self.exit_code = exit_codes.judge(is_anything_found=left, is_complete=is_complete)
        return self.columns, reports.sweep_fields(sweep, plan, doubts)


class ShowSweep(SweepReport):
    """Show a sweep: its plan with the evidence, what came of it, and its certificate.

    Without an id it is the latest. The code is that of the sweep.
    """

    examples = """\
  cleanupctl sweep show --os-cloud NAME
  cleanupctl sweep show --os-cloud NAME 20260102T030405-a1b2c3 -f json
  cleanupctl sweep show --os-cloud NAME -f value -c State
"""
    positional = " [ID]"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument("id", metavar="ID", nargs="?", help="the sweep (default: the latest)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        """Return a stored sweep."""
        with self.client() as client:
            if parsed_args.id:
                sweep = client.sweep(parsed_args.id)
            else:
                sweeps = client.sweeps()
                if not sweeps:
                    raise exceptions.UsageError(
                        "there is no sweep yet: `cleanupctl sweep start` makes one"
                    )
                sweep = sweeps[-1]
            try:
                plan = client.stored_plan(sweep.id)
            except exceptions.UnknownSweep:
                plan = None
        if self.is_text(parsed_args):
            self._write(sweep, plan, parsed_args)
        return self.finish(sweep, plan, ())

    def _write(
        self,
        sweep: "store.Sweep",
        plan: "planning.Plan | None",
        parsed_args: argparse.Namespace,
    ) -> None:
        writer = self.writer(parsed_args)
        ended = f", ended {_moment(sweep.ended_at)}" if sweep.ended_at else ""
        started = _moment(sweep.started_at)
        asked = f", as schedule {sweep.schedule} says" if sweep.schedule else ""
        writer.line(f"Sweep {sweep.id} is {sweep.state}: started {started}{ended} UTC{asked}")
        if sweep.note:
            writer.line(sweep.note)
        if plan is not None:
            writer.plan(plan, has_all=parsed_args.is_long)
        writer.results(sweep)
        if sweep.certificate is not None:
            writer.certificate(sweep.certificate)


class CancelSweep(SweepReport):
    """End a sweep of the daemon, or withdraw a stored plan.

    Calls that are under way end, and nothing new begins; what is removed is not
    brought back. A sweep that waits is cancelled at once, one that runs as soon as its
    calls have ended. With --os-cloud only plans are withdrawn: a sweep that runs in
    another process is ended by Ctrl-C there.
    """

    examples = """\
  cleanupctl sweep cancel 20260102T030405-a1b2c3
"""
    positional = " ID"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument("id", metavar="ID", help="the sweep, or the dry run")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        """Cancel, and say how the sweep is."""
        with self.client() as client:
            sweep = client.cancel(parsed_args.id, by=self.asker)
        if self.is_text(parsed_args):
            note = f": {sweep.note}" if sweep.state is State.CANCELLED else ""
            self.writer(parsed_args).line(f"Sweep {sweep.id} is {sweep.state}{note}")
        if sweep.state is not State.CANCELLED:
            again = f"`cleanupctl sweep show {sweep.id}` shows how far it is"
            self.app.say(f"it ends after the calls that are under way; {again}")
        return self.columns, reports.sweep_fields(sweep, None, ())


def _moment(iso: str) -> str:
    return text.describe_time(datetime.datetime.fromisoformat(iso)) or ""


class ListSweeps(command.ListCommand):
    """List the sweeps and dry runs that were made, the latest last."""

    examples = """\
  cleanupctl sweep list --os-cloud NAME
"""
    columns = (
        "ID",
        "Cloud",
        "Region",
        "State",
        "Schedule",
        "Started",
        "Planned",
        "Gone",
        "Left",
        "Note",
    )
    short_columns = ("ID", "State", "Schedule", "Started", "Planned", "Gone", "Left", "Note")

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return the sweeps."""
        with self.client() as client:
            sweeps = client.sweeps()
        return self.columns, [
            (
                sweep.id,
                sweep.cloud,
                sweep.region,
                sweep.state,
                sweep.schedule,
                datetime.datetime.fromisoformat(sweep.started_at),
                sweep.planned,
                sum(sweep.certificate.gone.values()) if sweep.certificate else None,
                len(sweep.certificate.left) if sweep.certificate else None,
                sweep.note,
            )
            for sweep in sweeps
        ]
