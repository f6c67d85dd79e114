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

"""Writes the pages of the kinds, one for each service, from the declarations.

They are made when the documentation is built, in ``doc/source/user/kinds``,
which git ignores; so are ``table.inc`` there, the table of all kinds, and ``rally.inc``, that of
Rally's classes.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import itertools
import pathlib
import re
import sys
import textwrap
from typing import Any

import msgspec
import rally_classes

from cleanupd.services.base import declarations
from cleanupd.services.base import registry

#: The columns of the table: title, field, width.
_TABLE = (
    ("kind", "kind", 22),
    ("listed", "listed", 24),
    ("named by", "named", 14),
    ("deleted", "deleted", 24),
    ("tested", "tested", 16),
)
_WIDTH = 99


def setup(app: Any) -> dict[str, bool]:
    """Have the pages written before Sphinx reads any."""
    app.connect("builder-inited", lambda built: write(pathlib.Path(built.srcdir, "user", "kinds")))
    return {"parallel_read_safe": True}


def write(folder: pathlib.Path) -> None:
    """Write the table and the pages into ``folder``, and nothing else remains there."""
    managers, refused = registry.load_managers()
    if refused:
        raise refused[0]
    described = declarations.describe_all(managers)
    pages = {"table.inc": list(_table(described)), "rally.inc": list(_rally(managers))}
    for service, group in itertools.groupby(described, lambda one: one.kind.partition(".")[0]):
        pages[f"{service}.rst"] = list(_page(service, group))
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, lines in pages.items():
        text = "\n".join(lines).rstrip() + "\n"
        path = folder / name
        # What is as it was has not to be read again.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _table(described: Iterable[declarations.Description]) -> Iterator[str]:
    widths = " ".join(str(width) for _, _, width in _TABLE)
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
    yield from _row([title for title, _, _ in _TABLE])
    for one in described:
        service, _, noun = one.kind.partition(".")
        cells = [_escaped(getattr(one, field)) for _, field, _ in _TABLE]
        yield from _row([f":ref:`{one.kind} <kind-{service}-{noun}>`", *cells[1:]])


def _rally(known: Collection[str]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 30 30 40", "")
    yield from _row(("Rally's class", "kind", "remark"))
    for name, kinds, remark in rally_classes.rows(known):
        yield from _row((f"``{name}``", kinds, remark))


def _row(cells: Sequence[str]) -> Iterator[str]:
    for index, cell in enumerate(cells):
        yield from _wrapped(cell, "     - " if index else "   * - ", "       ")


def _page(service: str, described: Iterable[declarations.Description]) -> Iterator[str]:
    title = service.replace("_", " ").capitalize()
    yield from ("=" * len(title), title, "=" * len(title), "")
    for one in described:
        yield from (f".. _kind-{one.kind.replace('.', '-')}:", "")
        yield from (f"``{one.kind}``", "=" * (len(one.kind) + 4), "")
        yield from _wrapped(f"{_escaped(one.about)}.", "", "")
        yield ""
        yield from _fields(msgspec.structs.asdict(one))
        yield ""


def _fields(told: dict[str, Any]) -> Iterator[str]:
    for name, value in told.items():
        if name in ("kind", "about") or not value:
            continue
        if isinstance(value, str):
            yield from _wrapped(_escaped(value), f":{name}: ", "   ")
        elif name == "identity":
            yield from _wrapped(_escaped(", ".join(value)), f":{name}: ", "   ")
        else:
            yield f":{name}:"
            for one in value:
                yield from _wrapped(_escaped(one), "   * ", "     ")
            yield ""


def _escaped(text: str) -> str:
    return re.sub(r"([\\*`_|<>\[\]])", r"\\\1", text)


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
