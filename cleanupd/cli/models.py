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

"""cleanupctl model show, sync and trust."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import exit_codes
from cleanupd.cli import text
from cleanupd.core import lookup
from cleanupd.engine import clock

_RECORD_COLUMNS = ("ID", "Name", "Project", "Host", "Status", "Created")
_FILTERS = ("id", "project", "host", "workload")
_LIMIT = 1000

Columns = Sequence[str]
Rows = tuple[Columns, Iterable[Sequence[Any]]]


class ShowModel(command.ListCommand):
    """Show how many resources of each kind are known, or those of one kind.

    A kind is `fresh` if its listing was complete; else the reason says why not,
    and nothing is removed that something of that kind could be tied to. Of one
    kind the resources are shown that fit all that is asked for, by name.
    """

    examples = """\
  cleanupctl model show --os-cloud NAME
  cleanupctl model show --config-file /etc/cleanupd/cleanupd.conf
  cleanupctl model show compute.server --host compute-7 --config-file FILE
  cleanupctl model show network.port --workload UUID --os-cloud NAME -f json
"""
    positional = " [KIND]"
    columns = ("Kind", "Count", "Trust", "Listed", "Reason")
    short_columns = columns

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "kind", metavar="KIND", nargs="?", help="show its resources, such as compute.server"
        )
        group = parser.add_argument_group("which resources of the kind")
        group.add_argument("--id", metavar="ID", help="the one with this id")
        group.add_argument("--project", metavar="ID", help="those of this project")
        group.add_argument("--host", metavar="NAME", help="those on this host, as `Host` has it")
        group.add_argument(
            "--workload", metavar="UUID", help="those in whose names this workload of Rally stands"
        )
        group.add_argument(
            "--limit",
            metavar="N",
            type=_positive,
            default=_LIMIT,
            help=f"so many at most (default: {_LIMIT}; a daemon tells up to 10000 at once)",
        )
        return parser

    def choose_columns(self, parsed_args: argparse.Namespace) -> tuple[Columns, Columns]:
        """Return the columns of kinds, or of resources."""
        chosen = self.columns if parsed_args.kind is None else _RECORD_COLUMNS
        return chosen, chosen

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """Return what is known of each kind, or of the resources of one."""
        given = {name: getattr(parsed_args, name) for name in _FILTERS}
        if parsed_args.kind is not None:
            return self._show_records(
                lookup.Query(kind=parsed_args.kind, limit=parsed_args.limit, **given)
            )
        for name, value in given.items():
            if value is not None:
                raise exceptions.UsageError(f"--{name} needs a KIND whose resources are shown")
        return self._show_kinds()

    def _show_kinds(self) -> Rows:
        with self.client() as client:
            state = client.model()
        is_complete = self.say_doubts(
            f"{one.kind} is not fresh: {one.doubt}" for one in state.kinds if one.doubt
        )
        self.exit_code = exit_codes.judge(is_anything_found=False, is_complete=is_complete)
        self.app.say(f"cloud {state.cloud}, region {state.region}")
        for place in state.unseen:
            self.app.say(f"{place}: projects and users may own something there, and are kept")
        return self.columns, [
            (one.kind, one.count, one.trust, one.listed_at, one.doubt) for one in state.kinds
        ]

    def _show_records(self, query: lookup.Query) -> Rows:
        with self.client() as client:
            found = client.records(query)
        state = found.state
        doubts = [f"{state.kind} is {state.trust}: {state.doubt}"] if state.doubt else []
        is_complete = self.say_doubts(doubts)
        self.exit_code = exit_codes.judge(is_anything_found=False, is_complete=is_complete)
        self.app.say(f"{found.count} of {text.count(state.count, 'resource')} of {state.kind}")
        if found.count > len(found.records):
            self.app.warn(
                f"only {len(found.records)} of {found.count} are shown: --limit takes more,"
                " --project, --host, --workload and --id fewer"
            )
        return _RECORD_COLUMNS, [
            (one.id, one.name, one.project_id, one.host, one.status, one.created_at)
            for one in found.records
        ]


class SyncModel(command.ListCommand):
    """List services into the model now, and say what was found for each.

    Without a name all services are listed. The code is 1 if a kind could not be
    listed: it keeps what was known of it, and is not to be believed.
    """

    examples = """\
  cleanupctl model sync --config-file /etc/cleanupd/cleanupd.conf
  cleanupctl model sync compute network --config-file FILE
"""
    positional = " [SERVICE ...]"
    columns = ("Service", "Resources", "State", "Counts", "Reason")
    short_columns = columns

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "services", metavar="SERVICE", nargs="*", help="such as compute (default: all)"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Rows:
        """List, and return what was found."""
        with self.client() as client:
            found = client.sync(parsed_args.services)
        is_complete = not any(one.problem for one in found)
        self.exit_code = exit_codes.judge(is_anything_found=False, is_complete=is_complete)
        return self.columns, [
            (
                one.service,
                one.count,
                "incomplete" if one.problem else "complete",
                {kind.kind.partition(".")[2]: kind.count for kind in one.kinds},
                one.problem,
            )
            for one in found
        ]


class TrustModel(command.ListCommand):
    """Tell how far the model can be believed, kind by kind.

    What is `fresh` was listed completely, and is followed since; `stale` is what was
    listed before, and the reason says why not again; `untrusted` was never listed.
    The code is 1 if anything is not fresh: nothing is removed that could be tied to it.
    """

    examples = """\
  cleanupctl model trust --config-file /etc/cleanupd/cleanupd.conf
  cleanupctl model trust --config-file FILE -q -f value -c Kind -c Trust
"""
    columns = ("Kind", "Trust", "Listed", "Age", "Reason")
    short_columns = columns

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> Rows:
        """Return the trust of each kind."""
        with self.client() as client:
            state = client.trust()
        fresh = sum(one.doubt is None for one in state.kinds)
        self.exit_code = exit_codes.judge(
            is_anything_found=False, is_complete=fresh == len(state.kinds)
        )
        self.app.say(f"cloud {state.cloud}, region {state.region}")
        self.app.say(f"{fresh} of {text.count(len(state.kinds), 'kind')} fresh")
        now = clock.now()
        return self.columns, [
            (
                one.kind,
                one.trust,
                one.listed_at,
                now - one.listed_at if one.listed_at else None,
                one.doubt,
            )
            for one in state.kinds
        ]


def _positive(word: str) -> int:
    """Return a number of one or more."""
    if not (word.isascii() and word.isdecimal() and int(word)):
        raise argparse.ArgumentTypeError(f"{word!r} is no number from 1 on")
    return int(word)
