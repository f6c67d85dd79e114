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

"""What the declarations of a kind say, in words: the command and the documentation tell it alike.

Nothing is written here of any one kind.  What a table says is told as the
requests that follow from it; where a manager has code of its own instead,
the first sentence of its docstring is told.
"""

from collections.abc import Mapping
import datetime
import inspect
import typing

import msgspec

from cleanupd.core import kinds
from cleanupd.services.base import manager
from cleanupd.services.base import paging
from cleanupd.services.base import tables

Managers = Mapping[str, type[manager.ResourceManager]]


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """One kind as people read of it, field by field.

    ``tied`` are the kinds whose resources hold edges to this one: those go
    first, or keep it.
    """

    kind: str
    about: str
    listed: str
    cost: str
    aged: str
    named: str
    identity: tuple[str, ...]
    edges: tuple[str, ...]
    tied: tuple[str, ...]
    deleted: str
    kept: tuple[str, ...]
    ladder: tuple[str, ...]
    cascades: tuple[str, ...]
    verified: str
    tested: str


def describe_all(known: Managers) -> tuple[Description, ...]:
    """Return the descriptions of all kinds, by name."""
    return tuple(describe(plugin, known) for _, plugin in sorted(known.items()))


def describe(plugin: type[manager.ResourceManager], known: Managers) -> Description:
    """Return what the plugin of one of the known kinds declares."""
    kind = plugin.KIND
    return Description(
        kind=kind.name,
        about=_first_sentence(plugin),
        listed=_listed(plugin),
        cost=_cost(kind),
        aged=_aged(plugin),
        named=_named(kind),
        identity=kind.identity_fields,
        edges=tuple(f"{rule.sort} {rule.target} by {rule.via}" for rule in kind.edges),
        tied=tuple(_tied(kind.name, known)),
        deleted=_deleted(plugin),
        kept=tuple(_kept(kind)),
        ladder=tuple(f"{rung.does}: {kind.rung_option(rung.name)}" for rung in kind.rungs),
        cascades=kind.cascades,
        verified=_verified(kind),
        tested=_tested(plugin),
    )


def find_dates(table: tables.Table[typing.Any]) -> tuple[str, ...]:
    """Return the fields of a record that are moments, in the words of the API."""
    return tuple(
        field.encode_name
        for field in msgspec.structs.fields(table.shape)
        if datetime.datetime in (field.type, *typing.get_args(field.type))
    )


def _table(plugin: type[manager.ResourceManager]) -> tables.Table[typing.Any] | None:
    return plugin.TABLE if issubclass(plugin, tables.TableManager) else None


def _first_sentence(documented: object) -> str:
    text = inspect.getdoc(documented) or ""
    return " ".join(text.partition("\n\n")[0].split()).rstrip(".").replace("``", "`")


def _listed(plugin: type[manager.ResourceManager]) -> str:
    table = _table(plugin)
    if table is None:
        asked = _first_sentence(plugin.list)
    else:
        paths = dict.fromkeys(one.partition("?")[0] for one in table.listings or (table.path,))
        asked = ", ".join(f"GET {path}" for path in paths)
    after = plugin.KIND.listed_after
    return f"{asked}, after {', '.join(after)}" if after else asked


def _cost(kind: kinds.Kind) -> str:
    pages = f"a request for each {paging.PAGE_SIZE} resources"
    if kind.cost is kinds.Cost.CLOUD:
        return pages
    return f"at least a request for each {kind.cost}"


def _aged(plugin: type[manager.ResourceManager]) -> str:
    table = _table(plugin)
    if table is None:
        return "as its plugin tells"
    return ", ".join(find_dates(table)) or "since it was seen first: it tells no date"


def _named(kind: kinds.Kind) -> str:
    if not kind.named_by:
        return "not at all"
    suffixes = " or ".join(kind.suffixes)
    return f"{kind.named_by}, which may end with {suffixes}" if suffixes else kind.named_by


def _tied(name: str, known: Managers) -> typing.Iterator[str]:
    for other in sorted(kinds.may_point_to({k: one.KIND for k, one in known.items()}, name)):
        declared = known[other].KIND
        for rule in declared.edges:
            if rule.target == name:
                yield f"{other} {rule.sort} it by {rule.via}"
        if name in declared.cascades:
            yield f"{other} may take it along"


def _deleted(plugin: type[manager.ResourceManager]) -> str:
    kind, table = plugin.KIND, _table(plugin)
    if not kind.is_removable:
        return "never: it is only looked at"
    if table is None or plugin.delete is not tables.TableManager.delete:
        asked = _first_sentence(plugin.delete)
    else:
        asked = f"DELETE {table.path}/ID"
    return asked if kind.is_guarded else f"{asked} (after a last look at all that could use it)"


def _kept(kind: kinds.Kind) -> typing.Iterator[str]:
    for hold in kind.holds:
        lift = kind.find_lift(hold)
        yield f"{hold.reason}, unless {lift}" if lift else hold.reason


def _verified(kind: kinds.Kind) -> str:
    if not kind.is_removable:
        return "by a new listing of what it is tied to"
    listed = "by a new listing at the end"
    return f"by listings until it is gone, and {listed}" if kind.is_asynchronous else listed


def _tested(plugin: type[manager.ResourceManager]) -> str:
    package = plugin.__module__.partition(".")[0]
    if package != __name__.partition(".")[0]:
        return f"by those who made {package}"
    source = plugin.KIND.emulated_from
    return f"emulator only, after {source}" if source else "on the sandbox and on the emulator"
