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

"""``cleanupctl leaks``: what of a benchmark there is."""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
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
from cleanupd.core.judgement import Verdict

if TYPE_CHECKING:
    from cleanupd.core import explaining
    from cleanupd.core import judgement
    from cleanupd.engine import sweep


class ListLeaks(command.ListCommand):
    """List the resources that a benchmark made, each with the evidence.

    Also those of a benchmark that runs now: nothing is removed by looking. With
    --task or --workload only theirs are listed. The state of a resource is
    `leak` if a sweep with the same options would remove it, `kept` if something
    speaks against it; the reason says what.
    """

    examples = """\
  cleanupctl leaks list --os-cloud NAME
  cleanupctl leaks list --os-cloud NAME --kind compute --long
  cleanupctl leaks list --os-cloud NAME --task UUID --rally-report report.json
  cleanupctl leaks list --os-cloud NAME -f json | jq -r '.[].Project'
"""
    columns = rows.COLUMNS
    short_columns = rows.SHORT_COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        selection.add_task_options(parser)
        parser.add_argument(
            "--kind",
            metavar="KIND",
            action="append",
            default=[],
            dest="kinds",
            help="show one kind (compute.server) or service (compute) only; can be repeated",
        )
        parser.add_argument(
            "--all",
            action="store_true",
            dest="has_undecidable",
            help="also those of which it cannot be told whether they are a benchmark's",
        )
        parser.add_argument(
            "--long", action="store_true", dest="is_long", help="all columns in a table, too"
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Look at the cloud and return what is a benchmark's."""
        tasks = selection.expand(parsed_args, self.rally_connection)
        for line in selection.describe(tasks):
            self.app.say(line)
        target = _target(tasks, parsed_args)
        with self.client() as client:
            found = client.leaks(target, is_fresh=True)
            known = [state.kind for state in client.model().kinds]
        is_complete = self.say_doubts(found.doubts)
        is_shown = _filter(parsed_args.kinds, known)
        shown = [one for one in found.judgement.findings if is_shown(one.resource.ref.kind)]
        leaks = [one for one in shown if one.verdict in (Verdict.LEAK, Verdict.KEPT)]
        undecidable = [one for one in shown if one.verdict is Verdict.UNDECIDABLE]
        self.exit_code = exit_codes.judge(is_anything_found=bool(leaks), is_complete=is_complete)
        self._summarise(leaks, undecidable, found.judgement.foreign)
        listed = [*leaks, *undecidable] if parsed_args.has_undecidable else leaks
        ordered = sorted(listed, key=_order)
        return self.columns, [tuple(rows.of_finding(one).values()) for one in ordered]

    def _summarise(
        self,
        leaks: Sequence["judgement.Finding"],
        undecidable: Sequence["judgement.Finding"],
        foreign: int,
    ) -> None:
        parts = {finding.part for finding in leaks}
        of = f" of {text.count(len(parts), 'workload')}" if leaks else ""
        doubtful = f"; {len(undecidable)} undecidable (--all shows them)" if undecidable else ""
        self.app.say(
            f"{text.count(len(leaks), 'resource')}{of} found, {foreign} foreign{doubtful}"
        )


class ExplainLeak(command.ReportCommand):
    """Explain why a resource is a benchmark's, link by link, or why it is not.

    KIND and ID are as `leaks list` prints them; any resource can be asked for. The chain
    leads from the resource to the name in which it ends: that of the resource, of its
    project or user, or of the owner for whose sake the service made it. Where nothing
    proves that a benchmark made it, the chain says what each link lacks. The state is as
    in `leaks list`, or `foreign`.
    """

    examples = """\
  cleanupctl leaks explain network.port ID --os-cloud NAME
  cleanupctl leaks explain compute.keypair USER_ID/NAME --os-cloud NAME -f json
"""
    positional = " KIND ID"
    columns = (*(name for name in rows.COLUMNS if name != "Evidence"), "Chain")
    rows_field = "Chain"
    row_columns = ("Kind", "Name", "ID", "Says")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument("kind", metavar="KIND", help="such as network.port")
        parser.add_argument("id", metavar="ID", help="the id that the service has for it")
        selection.add_task_options(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Look at the cloud and return the chain."""
        target = _target(selection.expand(parsed_args, self.rally_connection), parsed_args)
        with self.client() as client:
            found = client.explain(target, parsed_args.kind, parsed_args.id, is_fresh=True)
        is_complete = self.say_doubts(found.doubts)
        told = found.explanation
        is_leak = told.state in (Verdict.LEAK, Verdict.KEPT)
        self.exit_code = exit_codes.judge(is_anything_found=is_leak, is_complete=is_complete)
        chain = [rows.of_link(link) for link in told.chain]
        if self.is_text(parsed_args):
            stdout = self.app.stdout
            writer = reports.Writer(stdout, tables.find_width(parsed_args, stdout))
            writer.line(_headline(told))
            writer.table(self.row_columns, chain)
            writer.flush()
        row = rows.of_explanation(told)
        return self.columns, (*(row[name] for name in self.columns[:-1]), chain)


def _headline(told: "explaining.Explanation") -> str:
    of = f" of workload {told.part} ({told.scope})" if told.part else ""
    why = f": {told.reason}" if told.reason else ""
    return f"{told.resource.ref} is {told.state}{of}{why}"


def _target(tasks: "selection.Tasks", parsed_args: argparse.Namespace) -> "sweep.Target":
    """Return what the options name, or everything."""
    target = selection.named(parsed_args, tasks)
    if target.tasks or target.workloads:
        return target
    return msgspec.structs.replace(target, is_everything=True)


def _order(finding: "judgement.Finding") -> tuple[str, str, str, str]:
    resource = finding.resource
    return finding.part or "~", resource.ref.kind, resource.name or "", resource.ref.id


def _filter(names: Sequence[str], known: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells the kinds that names of kinds and services mean; raises UnknownKind."""
    wanted = set()
    for name in names:
        meant = {kind for kind in known if name in (kind, kind.partition(".")[0])}
        if not meant:
            raise exceptions.UnknownKind(name, list(known))
        wanted |= meant
    return lambda kind: not names or kind in wanted
