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

"""``cleanupctl sweep start``: removes what of a benchmark there is."""

import argparse
import collections
import time
from typing import TYPE_CHECKING

import msgspec

from cleanupd.cli import reports
from cleanupd.cli import selection
from cleanupd.cli import sweeps
from cleanupd.cli import text
from cleanupd.journal.store import State

if TYPE_CHECKING:
    from cleanupd.core import planning
    from cleanupd.engine import sweep as engine
    from cleanupd.journal import store
    from cleanupd.rpc import client as clients

_POLL_S = 0.5


class StartSweep(sweeps.SweepReport):
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
  the same after a dry run, which told its id, and not by one resource more:
    cleanupctl sweep start --os-cloud NAME --plan ID
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

    def take_action(self, parsed_args: argparse.Namespace) -> sweeps.Fields:
        """Sweep, or have it done."""
        cloud = self.app.options.os_cloud
        selection.check_sweeping(parsed_args, cloud)
        tasks = selection.expand(parsed_args, self.rally_connection)
        for line in selection.describe(tasks):
            self.app.say(line)
        target = _with_all_over(parsed_args, selection.named(parsed_args, tasks))
        with self.client() as client:
            if not cloud:
                return self._sweep_there(client, target, parsed_args)
            if parsed_args.plan:
                return self._execute(client, client.stored_plan(parsed_args.plan), parsed_args)
            return self._sweep_here(client, target, parsed_args)

    def _sweep_here(
        self, client: "clients.Client", target: "engine.Target", parsed_args: argparse.Namespace
    ) -> sweeps.Fields:
        return self._go_on(client, client.plan(target), parsed_args)

    def _go_on(
        self, client: "clients.Client", plan: "planning.Plan", parsed_args: argparse.Namespace
    ) -> sweeps.Fields:
        """Show a plan, and execute it unless it was asked for alone."""
        self._say_matched(plan)
        writer = self.writer(parsed_args)
        if self.is_text(parsed_args):
            writer.plan(plan, has_all=parsed_args.is_long)
        if parsed_args.dry_run:
            sweep = client.sweep(plan.id)
            self._say_planned(plan)
            return self.finish(sweep, plan, plan.doubts)
        return self._execute(client, plan, parsed_args)

    def _execute(
        self, client: "clients.Client", plan: "planning.Plan", parsed_args: argparse.Namespace
    ) -> sweeps.Fields:
        sweep = client.execute(plan.id, confirm=parsed_args.confirm)
        self._show_end(sweep, parsed_args)
        return self.finish(sweep, plan, ())

    def _sweep_there(
        self, client: "clients.Client", target: "engine.Target", parsed_args: argparse.Namespace
    ) -> sweeps.Fields:
        if parsed_args.plan:
            sweep = client.execute(parsed_args.plan, confirm=parsed_args.confirm)
        else:
            sweep = client.start(
                target, confirm=parsed_args.confirm, is_dry_run=parsed_args.dry_run
            )
        if parsed_args.wait or parsed_args.dry_run:
            return self._report(client, self._follow(client, sweep), parsed_args)
        if self.is_text(parsed_args):
            self.app.stdout.write(f"{sweep.id}\n")
        self.app.say(f"asked the daemon; `cleanupctl sweep show {sweep.id}` shows how far it is")
        return self.columns, reports.sweep_fields(sweep, None, ())

    def _report(
        self, client: "clients.Client", sweep: "store.Sweep", parsed_args: argparse.Namespace
    ) -> sweeps.Fields:
        """Show the plan and the end of a daemon's sweep."""
        if sweep.state in (State.FAILED, State.CANCELLED) and not sweep.planned:
            self._show_end(sweep, parsed_args)
            return self.finish(sweep, None, ())
        plan = client.stored_plan(sweep.id)
        self._say_matched(plan)
        if self.is_text(parsed_args) and not parsed_args.plan:
            self.writer(parsed_args).plan(plan, has_all=parsed_args.is_long)
        if parsed_args.dry_run:
            self._say_planned(plan)
        else:
            self._show_end(sweep, parsed_args)
        return self.finish(sweep, plan, () if sweep.certificate else plan.doubts)

    def _say_planned(self, plan: "planning.Plan") -> None:
        again = f"`cleanupctl sweep start --plan {plan.id}` removes exactly this"
        self.app.say(f"nothing was removed; {again if plan.steps else 'there is nothing to'}")

    def _follow(self, client: "clients.Client", sweep: "store.Sweep") -> "store.Sweep":
        """Return a sweep when it has come to its end, and tell how far it is until then."""
        told = ""
        while not sweep.state.is_over:
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
            if uuids and (counts[part] or part == uuids[0][: len(part)]):
                number = text.count(counts[part], "resource")
                self.app.say(f"{', '.join(uuids)}: names with {part}, {number}")


def _with_all_over(parsed_args: argparse.Namespace, target: "engine.Target") -> "engine.Target":
    idle_s = None
    if parsed_args.all_over:
        idle_s = text.parse_duration(parsed_args.idle or selection.DEFAULT_IDLE)
    return msgspec.structs.replace(target, idle_s=idle_s, is_everything=parsed_args.everything)
