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

"""The one form of all benchmarks: what is measured, how it is shown, and how they are called.

A benchmark is a module with a docstring that says what it does, a function ``measure`` of the type
:class:`Measure`, and these two lines::

    if __name__ == "__main__":
        sys.exit(report.main(sys.modules[__name__]))

It may have ``OPTIONS`` of its own: by name, the default value and the help of each, which measure
gets as further arguments.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import json
import os
import pathlib
import platform
import sys
import textwrap
import time
import types
from typing import Protocol

#: Exit codes: a benchmark that failed, and one that lacks what it needs on this machine.
FAILED = 1
UNPREPARED = 3
#: Further options of a benchmark: default and help by name.
Options = Mapping[str, tuple[str, str]]
WIDTH = 80
#: From here on nobody reads what is behind the point.
WHOLE = 1000


class BenchmarkFailed(Exception):
    """There is no result; the message says why and what to do."""

    code = FAILED


class Unprepared(BenchmarkFailed):
    """Something that the benchmark needs is not there; the message says how to get it."""

    code = UNPREPARED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurement:
    """One number of ours, and the same number of a peer's where there is one."""

    name: str
    unit: str
    value: float
    peer: str | None = None
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """Our value as a part of the peer's; None where that says nothing."""
        return float(f"{self.value / self.peer_value:.4g}") if self.peer_value else None


class Measure(Protocol):
    """What measures, in a minute or two when it is to be quick."""

    def __call__(self, *, quick: bool) -> Iterable[Measurement]:
        """Return the measurements, or raise BenchmarkFailed; tell() says how far it is."""


def tell(text: str) -> None:
    """Show how far it is, on standard error."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def main(module: types.ModuleType, arguments: Sequence[str] | None = None) -> int:
    """Run a benchmark as its command line asks, and return the exit code."""
    name = _name(module)
    options: Options = getattr(module, "OPTIONS", {})
    parser = _parser(name, module.__doc__ or "")
    for option, (default, help_text) in options.items():
        parser.add_argument(f"--{option}", default=default, help=help_text)
    asked = parser.parse_args(arguments)
    started = time.gmtime()
    try:
        own = {option: getattr(asked, option) for option in options}
        measured = tuple(module.measure(quick=asked.quick, **own))
    except BenchmarkFailed as error:
        print(f"benchmarks.{name}: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(f"benchmarks.{name}: interrupted", file=sys.stderr)
        return 130
    print("\n".join(table(measured)))
    if asked.json:
        asked.json.write_text(to_json(measured))
    if asked.page:
        command = f"python -m benchmarks.{name}{' --quick' * asked.quick}"
        asked.page.write_text(page(measured, command, time.strftime("%d %B %Y", started)))
    return 0


def _name(module: types.ModuleType) -> str:
    spec = module.__spec__
    return (spec.name if spec else module.__name__).rpartition(".")[2]


def _parser(name: str, about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=about.strip(),
        epilog=f"The table goes to standard output, progress to standard error. Exit codes: 0"
        f" measured; {FAILED} failed, the message says why; 2 wrong usage; {UNPREPARED} something"
        f" is missing, the message says how to get it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.epilog = textwrap.fill(parser.epilog or "", WIDTH)
    parser.add_argument("--quick", action="store_true", help="measure less, in a minute or two")
    parser.add_argument(
        "--json",
        metavar="FILE",
        type=_writable,
        help="write a list of {name, unit, value, peer, peer_value, ratio} too; ratio is value"
        " divided by peer_value, null where there is no peer's value",
    )
    parser.add_argument(
        "--page",
        metavar="FILE",
        type=_writable,
        help="write the table, with date and machine, as reStructuredText too",
    )
    return parser


def _writable(text: str) -> pathlib.Path:
    """Return the path, or say at once what would only be found out after all is measured."""
    path = pathlib.Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} cannot be written")
    return path


def to_json(measured: Iterable[Measurement]) -> str:
    """Return the result for programs, a line for each measurement."""
    rows = [json.dumps(dataclasses.asdict(one) | {"ratio": one.ratio}) for one in measured]
    return "[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]\n"


def _rows(measured: Iterable[Measurement]) -> list[tuple[str, ...]]:
    heads: tuple[str, ...] = ("what", "unit", "value", "peer", "peer's", "ratio")
    return [heads] + [
        (
            one.name,
            one.unit,
            number(one.value),
            one.peer or "",
            number(one.peer_value),
            number(one.ratio),
        )
        for one in measured
    ]


def number(value: float | None) -> str:
    """Return a number as people read it: whole, or with three digits that say something."""
    if value is None:
        return ""
    if value == int(value) or abs(value) >= WHOLE:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def table(measured: Iterable[Measurement]) -> Iterator[str]:
    """Yield the lines of the result for people; long names go on in the next line."""
    rows = _rows(measured)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(20, WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1)))
    for row in rows:
        first, *more = textwrap.wrap(row[0], widths[0]) or [""]
        cells = [first.ljust(widths[0])]
        for column, cell in enumerate(row[1:], 1):
            is_text = column in {1, 3}
            cells.append(cell.ljust(widths[column]) if is_text else cell.rjust(widths[column]))
        yield "  ".join(cells).rstrip()
        yield from (f"  {line}" for line in more)


def page(measured: Iterable[Measurement], command: str, date: str) -> str:
    """Return the result for the documentation, with what there is to say of this machine."""
    lines = [
        f".. Written by: {command} --page FILE",
        "",
        *textwrap.wrap(f"``{command}`` on {date}, {machine()}:", 99),
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
    ]
    for first, *others in _rows(measured):
        lines += [f"   * - {first}", *(f"     - {cell}".rstrip() for cell in others)]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Return cores, memory and Python of this machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    python = platform.python_version()
    return f"{cores} cores, {memory:.0f} GiB of memory, {platform.machine()}, Python {python}"
