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

"""``cleanupctl protection``: what no sweep removes, whoever asks for it."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
from typing import TYPE_CHECKING
from typing import Any

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import selection
from cleanupd.cli import text

if TYPE_CHECKING:
    from cleanupd.core import protections

_COLUMNS = ("ID", "State", "What", "Reason", "By", "Made", "Expires")

#: What can be named beside tasks and workloads: option, field, its place in help, and help.
_NAMED = (
    ("--project", "projects", "ID_OR_NAME", "all that is in a project, and the project"),
    ("--id", "ids", "ID", "the resource that the service calls so"),
    ("--tag", "tags", "TAG", "what has a tag, or a key of metadata"),
    ("--name", "names", "GLOB", "what has such a name, such as 's_rally_*_golden'"),
)


class AddProtection(command.ListCommand):
    """Protect resources from all sweeps, until it expires or is removed.

    A resource is protected by any one of the things that are named, and what is needed by
    it stays with it. A kind that does not tell what is named (a flavor has no project, a
    keypair no tags) is kept as a whole. It holds from the moment in which this command
    ends, for sweeps under way, too. The daemon keeps protections in its journal; with
    --os-cloud they are in that of --state-dir.
    """

    examples = """\
  cleanupctl protection add --workload UUID --reason "the report is not written" --expires 2d
  cleanupctl protection add --project golden --reason "an environment that stays"
"""
    columns = _COLUMNS
    short_columns = _COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        selection.add_task_options(parser)
        group = parser.add_argument_group("what else")
        for option, field, metavar, meaning in _NAMED:
            group.add_argument(
                option,
                metavar=metavar,
                action="append",
                default=[],
                dest=field,
                help=f"{meaning}; can be repeated",
            )
        group = parser.add_argument_group("why, and how long")
        group.add_argument("--reason", metavar="TEXT", required=True, help="why, for others")
        group.add_argument(
            "--expires",
            metavar="WHEN",
            help="until when: a time such as 2026-12-24T18:00:00+00:00, UTC without a zone, or how"
            " long, such as 12h or 7d (default: for ever)",
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Protect, and return the protection."""
        from cleanupd.core import protections
        from cleanupd.engine import clock

        if parsed_args.scopes:
            raise exceptions.UsageError("what is protected has no --scope: leave it out")
        now = clock.now()
        expires_at = parsed_args.expires and _moment(parsed_args.expires, now)
        target = selection.named(parsed_args, selection.expand(parsed_args, self.rally_connection))
        wanted = protections.Wanted(
            reason=parsed_args.reason,
            expires_at=expires_at,
            tasks=target.tasks,
            expanded=target.expanded,
            workloads=target.workloads,
            **{field: tuple(getattr(parsed_args, field)) for _, field, _, _ in _NAMED},
        )
        with self.client() as client:
            made = client.protect(wanted, by=self.asker)
        return self.columns, [_row(made, now)]


class ListProtections(command.ListCommand):
    """List what is protected, the latest last; what has expired holds nothing any more."""

    examples = """\
  cleanupctl protection list
  cleanupctl protection list --os-cloud NAME -f json
"""
    columns = _COLUMNS
    short_columns = _COLUMNS

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return the protections."""
        from cleanupd.engine import clock

        now = clock.now()
        with self.client() as client:
            found = client.protections()
        return self.columns, [_row(one, now) for one in found]


class RemoveProtection(command.ListCommand):
    """Remove a protection: what it kept may be swept again."""

    examples = """\
  cleanupctl protection remove p-1a2b3c4d
"""
    columns = _COLUMNS
    short_columns = _COLUMNS
    positional = " ID"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument("id", metavar="ID", help="the protection, as the list calls it")
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Remove it, and return it as it was."""
        from cleanupd.engine import clock

        now = clock.now()
        with self.client() as client:
            gone = client.unprotect(parsed_args.id, by=self.asker)
        return self.columns, [_row(gone, now)]


def _moment(when: str, now: datetime.datetime) -> datetime.datetime:
    """Return the moment that a time in ISO 8601, or a length of time from now on, means."""
    try:
        found = datetime.datetime.fromisoformat(when)
    except ValueError:
        return now + datetime.timedelta(seconds=text.parse_duration(when))
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _row(one: "protections.Protection", now: datetime.datetime) -> Sequence[Any]:
    named = ((option.removeprefix("--"), field) for option, field, _, _ in _NAMED)
    fields = (("task", "tasks"), ("workload", "workloads"), *named)
    what = tuple(f"{word} {value}" for word, field in fields for value in getattr(one, field))
    state = "expired" if one.is_expired(now) else "holds"
    return (one.id, state, what, one.reason, one.by, one.made_at, one.expires_at)
