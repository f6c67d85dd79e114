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

"""What all commands have in common: their parser, their client, their output."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
import getpass
import socket
from typing import TYPE_CHECKING
from typing import Any
from typing import ClassVar

from cliff import command
from cliff import lister
from cliff import show
from cliff.formatters import commaseparated

from cleanupd import exceptions
from cleanupd.cli import app as application
from cleanupd.cli import connection
from cleanupd.cli import exit_codes
from cleanupd.cli import text
from cleanupd.cli import watch

if TYPE_CHECKING:
    from cleanupd.rpc import client

_MACHINE_FORMATS = ("json", "yaml")


class Command(command.Command):
    """A command of cleanupctl.

    ``examples`` are shown at the end of its help.  ``exit_code`` is what the
    command leaves for the script that called it.
    """

    app: application.Cleanupctl
    examples: ClassVar[str] = ""
    columns: ClassVar[Sequence[str]] = ()

    def __init__(
        self,
        app: application.Cleanupctl,
        app_args: argparse.Namespace | None,
        cmd_name: str | None = None,
    ) -> None:
        super().__init__(app, app_args, cmd_name)
        self.exit_code = exit_codes.ExitCode.CLEAN

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return a parser that raises UsageError, with the options of every command."""
        examples = f"examples:\n{self.examples}\n" if self.examples else ""
        parser = application.Parser(
            prog=prog_name,
            usage=f"{prog_name} [OPTION ...]{self.positional}",
            description=self.get_description(),
            epilog=f"{examples}{application.EPILOG}",
        )
        application.add_global_options(parser)
        return parser

    positional: ClassVar[str] = ""

    def say_doubts(self, doubts: Iterable[str]) -> bool:
        """Warn of every doubt, and return whether there was none."""
        is_told = False
        for doubt in doubts:
            self.app.warn(doubt)
            is_told = True
        return not is_told

    @contextlib.contextmanager
    def client(self) -> Iterator["client.Client"]:
        """Give the client, and show what it does as long as the block runs."""
        style = self.app.options.progress if self.app.options.verbose_level else "none"
        with watch.watched(style) as progress:
            yield connection.connect(self.app.options, progress, self.app.say)

    @property
    def asker(self) -> str:
        """Who asks, for those who find it in the journal: nobody's word proves it."""
        return f"{getpass.getuser()}@{socket.gethostname()}"

    def rally_connection(self) -> str | None:
        """Return the URL of Rally's database, None where no option names it."""
        return connection.rally_connection(self.app.options)

    def check_columns(self, parsed_args: argparse.Namespace, columns: Sequence[str]) -> None:
        """Refuse a column that there is not, before anything is done."""
        known = {_normalized(name) for name in columns}
        for name in parsed_args.columns:
            if _normalized(name) not in known:
                raise exceptions.UsageError(
                    f"there is no column {name!r}: give one of {', '.join(columns)}"
                )


class ListCommand(lister.Lister, Command):
    """A command that prints rows, in the order of ``columns``.

    ``short_columns`` are those that a table has unless others are asked for.
    """

    short_columns: ClassVar[Sequence[str]] = ()

    @property
    def formatter_namespace(self) -> str:
        """The formats that ``-f`` offers."""
        return "cleanupd.cli.list_formats"

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the rows and return the exit code."""
        columns, short_columns = self.choose_columns(parsed_args)
        self.check_columns(parsed_args, columns)
        is_long = getattr(parsed_args, "is_long", False)
        parsed_args.is_short = not (parsed_args.columns or is_long)
        if parsed_args.formatter == "table" and parsed_args.is_short:
            parsed_args.columns = list(short_columns)
        super().run(parsed_args)
        return self.exit_code

    def choose_columns(
        self,
        parsed_args: argparse.Namespace,  # noqa: ARG002 - for those whose rows differ
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Return all columns of what is asked for, and those of a table."""
        return self.columns, self.short_columns

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        """Print the rows, as safe as the format needs it."""
        render = renderer(parsed_args.formatter)
        rows = [tuple(render(value) for value in row) for row in data]
        return super().produce_output(parsed_args, column_names, rows)


class ReportCommand(show.ShowOne, Command):
    """A command that prints one thing of several parts: JSON has all of it, text tells it.

    The field ``rows_field`` has rows, with ``row_columns`` as keys: these are
    what CSV has.  With ``-c`` a table has the fields asked for alone.
    """

    rows_field: ClassVar[str] = "Resources"
    row_columns: ClassVar[Sequence[str]] = ()

    @property
    def formatter_namespace(self) -> str:
        """The formats that ``-f`` offers."""
        return "cleanupd.cli.report_formats"

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the report and return the exit code."""
        is_csv = parsed_args.formatter == "csv"
        self.check_columns(parsed_args, self.row_columns if is_csv else self.columns)
        super().run(parsed_args)
        return self.exit_code

    def is_text(self, parsed_args: argparse.Namespace) -> bool:
        """Whether people read the output as it comes, instead of a document at the end."""
        return parsed_args.formatter == "table" and not parsed_args.columns

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        """Print the fields, unless the command has told them already."""
        if self.is_text(parsed_args):
            return 0
        if parsed_args.formatter == "csv":
            return self._produce_rows(parsed_args, self.csv_rows(column_names, data))
        render = renderer(parsed_args.formatter)
        return super().produce_output(parsed_args, column_names, [render(v) for v in data])

    def csv_rows(self, columns: Sequence[str], data: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Return the rows that CSV has."""
        rows: list[Mapping[str, Any]] = data[list(columns).index(self.rows_field)]
        return rows

    def _produce_rows(
        self, parsed_args: argparse.Namespace, rows: Sequence[Mapping[str, Any]]
    ) -> int:
        wanted = {_normalized(name) for name in parsed_args.columns or self.row_columns}
        columns = [name for name in self.row_columns if _normalized(name) in wanted]
        data = [[_as_text(row[name]) for name in columns] for row in rows]
        writer = commaseparated.CSVLister()
        writer.emit_list(columns, data, self.app.stdout, parsed_args)
        return 0


def renderer(format_: str) -> Any:
    """Return the function that makes a value fit for a format."""
    return _plain if format_ in _MACHINE_FORMATS else _as_text


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, datetime.timedelta):
        return int(value.total_seconds())
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    """Return a value as a cell of text, without what a terminal would act on."""
    match value:
        case bool() | int() | float():
            return value
        case None:
            shown = ""
        case datetime.datetime():
            shown = text.describe_time(value) or ""
        case datetime.timedelta():
            shown = text.describe_duration(value)
        case Mapping():
            shown = ", ".join(f"{_as_text(key)} {_as_text(one)}" for key, one in value.items())
        case Sequence() if not isinstance(value, str):
            shown = "; ".join(str(_as_text(one)) for one in value)
        case _:
            shown = text.printable(str(value))
    return shown


def _normalized(name: str) -> str:
    return name.lower().strip().replace(" ", "_")
