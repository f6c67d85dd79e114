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

"""Tables for people, which fit the width of the terminal."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import shutil
from typing import Any
from typing import TextIO

from cliff.formatters import table

Rows = Sequence[Sequence[Any]]


def find_width(parsed_args: argparse.Namespace, stream: TextIO) -> int | None:
    """Return how wide a table may be; None where nobody reads it in a window."""
    if parsed_args.max_width > 0:
        return int(parsed_args.max_width)
    if stream.isatty() or parsed_args.fit_width:
        return shutil.get_terminal_size().columns
    return None


class TableFormatter(table.TableFormatter):
    """Prints rows as a table; where it is too wide, columns go below each other."""

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print the table, and nothing where there are no rows."""
        rows: Rows = [tuple(row) for row in data]
        if parsed_args.is_short:
            column_names, rows = _without_empty(column_names, rows)
        if rows or parsed_args.print_empty:
            from cleanupd.cli import drawing

            drawing.write_table(column_names, rows, stdout, find_width(parsed_args, stdout))


def _without_empty(columns: Sequence[str], rows: Rows) -> tuple[Sequence[str], Rows]:
    """Return the columns in which any row has something."""
    kept = [i for i in range(len(columns)) if not rows or any(row[i] != "" for row in rows)]
    return [columns[i] for i in kept], [tuple(row[i] for i in kept) for row in rows]
