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

"""Draws tables; imported only when there is one to draw, since rich takes its time."""

from collections.abc import Sequence
from typing import Any
from typing import TextIO

from rich import box
from rich import cells
from rich import console
from rich import table as rich_table
from rich import text as rich_text

#: What is joined to one column, and how, where there is no room beside.
_STACKS = (
    ("Name", "ID", "\n"),
    ("Evidence", "Reason", "\n"),
    ("State", "Evidence", ": "),
    ("State", "Reason", ": "),
    ("Trust", "Reason", ": "),
    ("Workload", "Scopes", "\n"),
    ("Workload", "Scenario", "\n"),
    ("Scenario", "Key", "\n"),
    ("Workload", "Evidence", "\n"),
    ("Project", "Host", "\n"),
    ("Status", "Created", "\n"),
    ("Kind", "Name", "\n  "),
    ("Kind", "ID", "\n  "),
    ("Name", "Project", "\n"),
    ("ID", "Project", "\n"),
)

#: So much room is made for the last column, whose text may be folded.
_ROOM_FOR_TEXT = 36
#: An id below a kind, which is not folded as long as there is any other way.
_ROOM_FOR_ID = 38
_NARROWEST = 16
_UNLIMITED = 100_000
_GAP = 3

Rows = Sequence[Sequence[Any]]
Texts = list[list[str]]


def write_table(columns: Sequence[str], rows: Rows, stream: TextIO, width: int | None) -> None:
    """Write a table of cells that are safe for a terminal."""
    names, texts = list(columns), [[str(value) for value in row] for row in rows]
    widths = [_widest(texts, index, name) for index, name in enumerate(names)]
    if width is not None:
        names, texts = _stack(names, texts, width)
        widths = _shrink([_widest(texts, i, name) for i, name in enumerate(names)], width)
    drawn = rich_table.Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for index, name in enumerate(names):
        is_number = all(row[index].isdecimal() for row in texts)
        drawn.add_column(
            name,
            justify="right" if is_number else "left",
            overflow="fold",
            width=widths[index],
        )
    for row in texts:
        drawn.add_row(*map(rich_text.Text, row))
    out = console.Console(file=stream, width=width or _UNLIMITED, highlight=False)
    with out.capture() as captured:
        out.print(drawn)
    for line in captured.get().splitlines():
        if line.strip():
            stream.write(line.rstrip() + "\n")


def _stack(names: list[str], texts: Texts, width: int) -> tuple[list[str], Texts]:
    """Join columns until what must not be folded leaves room for what may be."""
    for upper, lower, separator in _STACKS:
        *widths, last = [_widest(texts, index, name) for index, name in enumerate(names)]
        needed = sum(min(w, _ROOM_FOR_ID) for w in widths) + min(last, _ROOM_FOR_TEXT)
        if needed + _GAP * len(names) <= width:
            break
        heads = [name.split(", ")[0] for name in names]
        if upper in heads and lower in heads:
            at, of = heads.index(upper), heads.index(lower)
            names = _join(names, at, of, ", ")
            texts = [_join(row, at, of, separator) for row in texts]
    return names, texts


def _join(row: list[str], upper: int, lower: int, separator: str) -> list[str]:
    indent = separator[1:] if separator.startswith("\n") else ""
    below = row[lower].replace("\n", f"\n{indent}")
    joined = separator.join(filter(None, (row[upper], below)))
    return [joined if index == upper else text for index, text in enumerate(row) if index != lower]


def _shrink(widths: list[int], width: int) -> list[int]:
    """Return widths that fit: what is too wide for an id gives way first, then text."""
    *others, last = widths
    room = width - _GAP * len(widths)
    for widest, least in ((_ROOM_FOR_ID, _ROOM_FOR_TEXT), (_NARROWEST, _NARROWEST)):
        while sum(others) + last > room and max(others, default=0) > widest:
            others[others.index(max(others))] -= 1
        last = min(last, max(room - sum(others), least))
    return [*others, last]


def _widest(texts: Texts, index: int, name: str) -> int:
    lines = (line for row in texts for line in row[index].split("\n"))
    return max([cells.cell_len(name), *map(cells.cell_len, lines)])
