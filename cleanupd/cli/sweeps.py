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

"""``cleanupctl sweep``: removes what of a benchmark there is, and shows what came of it."""

import argparse
import collections
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
import time
from typing import TYPE_CHECKING
from typing import Any

import msgspec

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import reports
from cleanupd.cli import rows
from cleanupd.cli import selection
from cleanupd.cli import tables
from cleanupd.cli import text
from cleanupd.journal.store import State

if TYPE_CHECKING:
    from cleanupd.core import planning
    from cleanupd.engine import sweep as engine
    from cleanupd.journal import store
    from cleanupd.rpc import client as clients

Fields = tuple[Sequence[str], Sequence[Any]]

_POLL_S = 1.0


class _SweepReport(command.ReportCommand):
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
        is_complete = self.say_doubts(doubts) and sweep.state is not State.FAILED
        self.exit_code = exit_codes.judge(is_anything_found=left, is_complete=is_complete)
        return self.columns, reports.sweep_fields(sweep, plan, doubts)


class StartSweep(_SweepReport):
    """Remove what tasks and workloads of Rally's left, and verify that it is gone.

    First everything is listed and a plan is made, stored and shown. Then what the
    plan says is removed, each resource after a last look at it. Then all is listed
    again, and the certificate says what is left.

    With --os-cloud it does all this and then ends. Otherwise it asks the daemon,
    prints the id of the sweep and ends at once; with --wait it follows the sweep.
    """

    examples = """\
  look at what would be removed; nothing is, and the code is 2 if there is anything:
    cleanupctl sweep start --os-cloud NAME --task UUID --dry-run
  the same for good; rally is asked which workloads the task has:
    cleanupctl sweep start --os-cloud NAME --task UUID
  on a machine without rally:
    cleanupctl sweep start --os-cloud NAME --task UUID --rally-report report.json
  all workloads of which nothing was created or changed for two hours:
    cleanupctl sweep start --os-cloud NAME --all-over --idle 2h --confirm NAME
  by the daemon:
    cleanupctl sweep start --workload UUID --wait
"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        selection.add_task_options(parser)
        selection.add_sweeping_options(parser)
        group = parser.add_argument_group("how")
        group.add_argument(
            "--dry-run", action="store_true", help="make, store and show the plan, and stop"
        )
        group.add_argument(
            "--wait",
            action="store_true",
            help="follow the daemon's sweep to its end (with --os-cloud it is always awaited)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        """Sweep, or have it done."""
        cloud = self.app.options.os_cloud
        selection.check_sweeping(parsed_args, cloud)
        tasks = selection.expand(parsed_args)
        for line in selection.describe(tasks):
            self.app.say(line)
        target = _with_all_over(parsed_args, selection.named(parsed_args, tasks))
        with self.client() as client:
            if cloud:
                return self._sweep_here(client, target, parsed_args)
            return self._sweep_there(client, target, parsed_args)

    def _sweep_here(
        self, client: "clients.Client", target: "engine.Target", parsed_args: argparse.Namespace
    ) -> Fields:
        plan = client.plan(target)
        self._say_matched(plan)
        doubts = [f"{k.kind} was not listed: {k.doubt}" for k in client.model().kinds if k.doubt]
        writer = self.writer(parsed_args)
        if self.is_text(parsed_args):
            writer.plan(plan, has_all=parsed_args.is_long)
        if parsed_args.dry_run:
            sweep = client.sweep(plan.id)
            self.app.say(
                f"nothing was removed; `cleanupctl sweep show {plan.id}` shows the plan again"
            )
        else:
            sweep = client.execute(plan.id, confirm=parsed_args.confirm)
            self._show_end(sweep, parsed_args)
        return self.finish(sweep, plan, doubts)

    def _sweep_there(
        self, client: "clients.Client", target: "engine.Target", parsed_args: argparse.Namespace
    ) -> Fields:
        sweep = client.start(target, confirm=parsed_args.confirm, is_dry_run=parsed_args.dry_run)
        if not (parsed_args.wait or parsed_args.dry_run):
            if self.is_text(parsed_args):
                self.app.stdout.write(f"{sweep.id}\n")
            self.app.say(
                f"asked the daemon; `cleanupctl sweep show {sweep.id}` shows how far it is"
            )
            return self.columns, reports.sweep_fields(sweep, None, ())
        sweep = self._follow(client, sweep)
        plan, doubts = None, []
        if sweep.state is not State.FAILED or sweep.planned:
            plan = client.stored_plan(sweep.id)
            self._say_matched(plan)
            if self.is_text(parsed_args):
                self.writer(parsed_args).plan(plan, has_all=parsed_args.is_long)
        if sweep.certificate is None:
            kinds = client.model().kinds
            doubts = [f"{k.kind} was not listed: {k.doubt}" for k in kinds if k.doubt]
        self._show_end(sweep, parsed_args)
        return self.finish(sweep, plan, doubts)

    def _follow(self, client: "clients.Client", sweep: "store.Sweep") -> "store.Sweep":
        """Return a sweep when it has come to its end, and tell how far it is until then."""
        told = ""
        while sweep.state not in (State.PLANNED, State.DONE, State.FAILED):
            gone = sum(result.is_gone for result in sweep.results)
            state = f"sweep {sweep.id} is {sweep.state}"
            line = f"{state}: removed {gone} of {sweep.planned}" if sweep.planned else state
            if line != told:
                self.app.say(line)
            told = line
            time.sleep(_POLL_S)
            sweep = client.sweep(sweep.id)
        return sweep

    def _show_end(self, sweep: "store.Sweep", parsed_args: argparse.Namespace) -> None:
        if sweep.note:
            self.app.warn(f"sweep {sweep.id}: {sweep.note}")
        if self.is_text(parsed_args):
            writer = self.writer(parsed_args)
            writer.results(sweep)
            if sweep.certificate is not None:
                writer.certificate(sweep.certificate)

    def _say_matched(self, plan: "planning.Plan") -> None:
        """Tell of each uuid that was given which part of names it has and what has that part."""
        found = [step.part for step in plan.steps] + [kept.part for kept in plan.kept]
        counts = collections.Counter(found)
        for part, uuids in plan.selection.parts.items():
            # A uuid gives another part to a pattern that no name in the cloud has.
            if counts[part] or part == uuids[0][: len(part)]:
                number = text.count(counts[part], "resource")
                self.app.say(f"{', '.join(uuids)}: names with {part}, {number}")


def _with_all_over(parsed_args: argparse.Namespace, target: "engine.Target") -> "engine.Target":
    idle_s = None
    if parsed_args.all_over:
        idle_s = text.parse_duration(parsed_args.idle or selection.DEFAULT_IDLE)
    return msgspec.structs.replace(target, idle_s=idle_s, is_everything=parsed_args.everything)


class ShowSweep(_SweepReport):
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
        writer.line(f"Sweep {sweep.id} is {sweep.state}: started {started}{ended} UTC")
        if sweep.note:
            writer.line(sweep.note)
        if plan is not None:
            writer.plan(plan, has_all=parsed_args.is_long)
        writer.results(sweep)
        if sweep.certificate is not None:
            writer.certificate(sweep.certificate)


def _moment(iso: str) -> str:
    return text.describe_time(datetime.datetime.fromisoformat(iso)) or ""


class ListSweeps(command.ListCommand):
    """List the sweeps and dry runs that were made, the latest last."""

    examples = """\
  cleanupctl sweep list --os-cloud NAME
"""
    columns = ("ID", "Cloud", "Region", "State", "Started", "Planned", "Gone", "Left", "Note")
    short_columns = ("ID", "State", "Started", "Planned", "Gone", "Left", "Note")

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
                datetime.datetime.fromisoformat(sweep.started_at),
                sweep.planned,
                sum(sweep.certificate.gone.values()) if sweep.certificate else None,
                len(sweep.certificate.left) if sweep.certificate else None,
                sweep.note,
            )
            for sweep in sweeps
        ]
