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

"""``cleanupctl kinds``: what cleanupd looks at and removes, as it is declared."""

import argparse
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from cleanupd import exceptions
from cleanupd.cli import command
from cleanupd.cli import reports
from cleanupd.cli import tables

if TYPE_CHECKING:
    from cleanupd.services.base import declarations

#: The fields of a description, in the order in which they are told.
_COLUMNS = (
    "Kind",
    "About",
    "Listed",
    "Cost",
    "Aged",
    "Named",
    "Identity",
    "Edges",
    "Tied",
    "Deleted",
    "Kept",
    "Ladder",
    "Cascades",
    "Verified",
    "Tested",
)


class ListKinds(command.ListCommand):
    """List the kinds of resources that cleanupd looks at, its plugins' too.

    It is told how and at what cost a kind is listed; what tells its age; in which field a
    benchmark's name would stand; what has to be the same right before a removal; its
    edges, and those of others that are tied to it; how it is removed, what keeps it, the
    ladder where it resists, and what goes with it; how it is verified that it is gone;
    and where the tests meet it. No cloud is asked.
    """

    examples = """\
  cleanupctl kinds list
  cleanupctl kinds list --long
  cleanupctl kinds list -f json | jq -r '.[] | select(.Aged | test("first")) | .Kind'
"""
    columns = _COLUMNS
    short_columns = ("Kind", "Listed", "Aged", "Named", "Deleted", "Tested")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--long", action="store_true", dest="is_long", help="all columns in a table, too"
        )
        return parser

    def take_action(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Return the descriptions of all kinds."""
        return self.columns, [_fields(one) for one in _describe_all().values()]


class ShowKind(command.ReportCommand):
    """Show what is declared of one kind, as `kinds list` tells it of all."""

    examples = """\
  cleanupctl kinds show compute.server
  cleanupctl kinds show network.port -f json | jq -r '.Tied[]'
"""
    positional = " KIND"
    columns = _COLUMNS
    row_columns = _COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser."""
        parser = super().get_parser(prog_name)
        parser.add_argument("kind", metavar="KIND", help="such as compute.server")
        return parser

    def csv_rows(self, columns: Sequence[str], data: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Return the one row that `kinds list` has of it."""
        return [dict(zip(columns, data, strict=True))]

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Return the description of the kind; raises UnknownKind."""
        known = _describe_all()
        if parsed_args.kind not in known:
            raise exceptions.UnknownKind(parsed_args.kind, list(known))
        fields = _fields(known[parsed_args.kind])
        if self.is_text(parsed_args):
            width = tables.find_width(parsed_args, self.app.stdout)
            writer = reports.Writer(self.app.stdout, width)
            cells = [
                {"Field": name, "Value": value}
                for name, told in zip(self.columns, fields, strict=True)
                for value in ([told] if isinstance(told, str) else told)
            ]
            writer.table(("Field", "Value"), cells)
            writer.flush()
        return self.columns, fields


def _describe_all() -> dict[str, "declarations.Description"]:
    """Return the descriptions of all kinds that have a plugin; a broken one is an error."""
    from cleanupd.services.base import declarations
    from cleanupd.services.base import registry

    managers, refused = registry.load_managers()
    if refused:
        raise refused[0]
    return {one.kind: one for one in declarations.describe_all(managers)}


def _fields(description: "declarations.Description") -> tuple[Any, ...]:
    return tuple(getattr(description, name.lower()) for name in _COLUMNS)
