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
"""The page of the documentation that tells how fresh the model is.

Its tables are compared with what the handlers do: each event type of their
tables is told twice, to a model that knows nothing and to one that knows a
resource of every kind, and it is noted what that does to which kind.
"""

from collections.abc import Iterator
import functools
import inspect
import json
import pathlib
import re
from typing import Any

import msgspec

from cleanupd.core import changes
from cleanupd.core import freshness
from cleanupd.core import resources
from cleanupd.service import fetcher
from cleanupd.service import listener
from cleanupd.services.base import collector
from cleanupd.services.base import collectors
from cleanupd.services.base import notification
from cleanupd.services.compute import events
from cleanupd.services.compute import kinds
from tests.unit.services import answers
from tests.unit.services import event_payloads
from tests.unit.services import hearing
from tests.unit.services import test_strictness

PAGE = pathlib.Path(__file__).parents[3] / "doc" / "source" / "admin" / "freshness.rst"
PLUGINS, _ = collectors.ClusterModelCollectorLoader().load()
#: A kind, and how it is known that one is new, changed and gone.
ROW = re.compile(r"^   \* - ``(.+)``\n     - (.+)\n     - (.+)\n     - (.+)$", re.MULTILINE)
NOVA = "compute"
#: Nova's messages, where it sends its legacy format alone.
LEGACY = "legacy compute"

Row = tuple[str, str, str]


def test_the_page_tells_how_each_kind_is_known() -> None:
    """What the page says of a kind is what the handlers do when they hear of it."""
    expected = {kind: row(one.KIND.service, kind) for kind, one in hearing.MANAGERS.items()}
    assert rows("What is told of what") == expected


def test_the_page_tells_how_kinds_are_known_by_legacy_messages() -> None:
    """Where Nova sends its legacy format alone, less is told of its kinds."""
    expected = {kind: row(LEGACY, kind) for kind in kinds_of(NOVA)}
    assert rows("Nova's legacy messages") == expected


def test_the_page_has_the_numbers_of_the_code() -> None:
    """Pauses, limits and tolerances."""
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    of_state = inspect.signature(freshness.KindState).parameters
    phrases = (
        f"{listener.BATCH_TIMEOUT_S} seconds",
        f"{fetcher.PAUSE_S} seconds",
        f"up to {fetcher.LONGEST_PAUSE_S:.0f} seconds",
        f"more than {collector.MOST_READS} of a kind",
        f"{freshness.SKEW.seconds} seconds apart",
        f"asked every {fetcher.HINT_S:.0f} seconds",
        f"every {listener.PULSE_S:.0f} seconds",
        f"for {listener.MOST_SILENT * listener.PULSE_S:.0f} seconds",
        f"more than {of_state['shrink_count'].default} resources",
        f"{100 * of_state['shrink_share'].default:.0f} %",
    )
    assert [phrase for phrase in phrases if phrase not in text] == []


def rows(title: str) -> dict[str, Row]:
    """Return the rows of the table below a title of the page, by kind."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n{title}\n")[2]
    section = re.split(r"\n\n.+\n[=-]+\n", section)[0]
    return {kind: (new, changed, gone) for kind, new, changed, gone in ROW.findall(section)}


def kinds_of(service: str) -> list[str]:
    """Return the kinds of a service."""
    return [kind for kind, one in hearing.MANAGERS.items() if one.KIND.service == service]


def row(source: str, kind: str) -> Row:
    """Return how it is known that one of a kind is new, changed and gone."""
    unknown, known = (noted(source, is_known=is_known)[kind] for is_known in (False, True))
    told = [word for word in ("told", "read") if word in known]
    changed = ", ".join(told) or _first(known, "listed")
    gone = "told" if "gone" in known else changed
    return _first(unknown, "told", "listed", "read"), changed, gone


def _first(noted: set[str], *words: str) -> str:
    return next((word for word in words if word in noted), "later")


@functools.cache
def noted(source: str, *, is_known: bool) -> dict[str, set[str]]:
    """Return what all messages of a source do, by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in hearing.MANAGERS}
    service = source.rpartition(" ")[2]
    for event_type, payload in payloads(source):
        ears = hearing.Hearing(PLUGINS[service])
        ears.know(*map(known, kinds_of(service) if is_known else ()))
        sought: set[str] = set()
        ears.collector.seek = sought.add
        message = notification.Message("x", event_type, payload, hearing.NOON)
        ears.collector.notification_handler.handle(message)
        for kind in sought:
            found[kind].add("listed")
        for change in ears.changes:
            _note(found, sought, change)
    return found


def _note(found: dict[str, set[str]], sought: set[str], change: changes.Change) -> None:
    if isinstance(change, changes.Updated):
        found[change.record.ref.kind].add("told")
    elif isinstance(change, changes.Deleted):
        found[change.ref.kind].add("gone")
    elif change.ref.kind not in sought:
        found[change.ref.kind].add("read")


def payloads(source: str) -> Iterator[tuple[str, Any]]:
    """Yield each event type that is handled of a source, with a payload."""
    if source == LEGACY:
        for event_type, shape in events.LEGACY.items():
            yield event_type, event_payloads.make(shape)
    elif source == NOVA:
        for event_type, shape in events.VERSIONED.items():
            yield event_type, {"nova_object.data": event_payloads.make(shape)}
    else:
        handler = hearing.Hearing(PLUGINS[source]).collector.notification_handler
        for event_type, event in handler.EVENTS.items():
            yield event_type, event_payloads.make(event.shape)


@functools.cache
def known(kind: str) -> resources.Resource:
    """Return a resource of a kind that is tied to all that it can be tied to."""
    if kind == "compute.keypair":
        id_ = event_payloads.ID
        answer = kinds.Keypair(kinds.NamedKeypair(id_, "ssh", "3d:73", id_))
        return kinds.parse_keypair(answer, answers.PLACE)
    sample = json.loads(answers.sample(test_strictness.SAMPLES[kind]))
    rules = hearing.MANAGERS[kind].KIND.edges
    return msgspec.structs.replace(
        test_strictness.list_all(kind, sample)[0],
        ref=_ref(kind),
        # None is below itself, though a kind may be.
        edges=tuple(resources.Edge(r.sort, _ref(r.target)) for r in rules if r.target != kind),
    )


def _ref(kind: str) -> resources.Ref:
    id_ = event_payloads.ID
    return answers.ref(kind, f"{id_}/{id_}" if kind == "compute.keypair" else id_)
