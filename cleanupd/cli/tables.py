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
from rich import box
from rich import cells
from rich import console
from rich import table as rich_table
from rich import text as rich_text

#: What goes below each other in one column, where there is no room beside.
_STACKS = (("Name", "ID"), ("Evidence", "Reason"), ("State", "Evidence"), ("Workload", "Scopes"))

_NEVER_FOLDED = 36
_UNLIMITED = 100_000
_GAP = 2

Rows = Sequence[Sequence[Any]]


def find_width(parsed_args: argparse.Namespace, stream: TextIO) -> int | None:
    """Return how wide a table may be; None where nobody reads it in a window."""
    if parsed_args.max_width > 0:
        return int(parsed_args.max_width)
    if stream.isatty() or parsed_args.fit_width:
        return shutil.get_terminal_size().columns
    return None


def write_table(columns: Sequence[str], rows: Rows, stream: TextIO, width: int | None) -> None:
    """Write a table of cells that are safe for a terminal."""
    texts = [[str(value) for value in row] for row in rows]
    if width is not None:
        columns, texts = _stack_until_it_fits(list(columns), texts, width)
    drawn = rich_table.Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP, 0, 0))
    for index, name in enumerate(columns):
        numeric = all(isinstance(row[index], int) for row in rows) if len(rows) else False
        drawn.add_column(
            name,
            justify="right" if numeric and len(columns) == len(rows[0]) else "left",
            overflow="fold",
            min_width=min(_NEVER_FOLDED, _widest(texts, index, name)) if width else None,
        )
    for row in texts:
        drawn.add_row(*(rich_text.Text(cell) for cell in row))
    out = console.Console(file=stream, width=width or _UNLIMITED, highlight=False, soft_wrap=False)
    with out.capture() as captured:
        out.print(drawn)
    for line in captured.get().splitlines():
        if line.strip():
            stream.write(line.rstrip() + "\n")


def _stack_until_it_fits(
    columns: list[str], rows: list[list[str]], width: int
) -> tuple[list[str], list[list[str]]]:
    for upper, lower in _STACKS:
        if _natural_width(columns, rows) <= width:
            break
        names = [name.split(", ")[0] for name in columns]
        if upper in names and lower in names:
            columns, rows = _stack(columns, rows, names.index(upper), names.index(lower))
    return columns, rows


def _stack(
    columns: list[str], rows: list[list[str]], upper: int, lower: int
) -> tuple[list[str], list[list[str]]]:
    def merge(cells_: list[str], separator: str) -> list[str]:
        joined = separator.join(filter(None, (cells_[upper], cells_[lower])))
        merged = [*cells_]
        merged[upper] = joined
        del merged[lower]
        return merged

    return merge(columns, ", "), [merge(row, "\n") for row in rows]


def _natural_width(columns: Sequence[str], rows: list[list[str]]) -> int:
    return sum(_widest(rows, i, name) + _GAP for i, name in enumerate(columns))


def _widest(rows: list[list[str]], index: int, name: str) -> int:
    lines = (line for row in rows for line in row[index].split("\n"))
    return max(map(cells.cell_len, lines), default=0) if rows else cells.cell_len(name)


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
            write_table(column_names, rows, stdout, find_width(parsed_args, stdout))


def _without_empty(columns: Sequence[str], rows: Rows) -> tuple[Sequence[str], Rows]:
    """Return the columns in which any row has something."""
    kept = [i for i in range(len(columns)) if not rows or any(row[i] != "" for row in rows)]
    return [columns[i] for i in kept], [tuple(row[i] for i in kept) for row in rows]
