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
"""Faults by order: what goes wrong with the requests, and with the messages, that match.

An order is a `Fault` (of requests) or an `EventFault` (of messages on the bus), and a script is a
YAML or JSON file with a list of orders (`read_script`).
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import difflib
import pathlib
import random
import re
import threading
from typing import Any
from typing import TypeVar

import yaml

from tests.emulator import clock

HANG = "hang"
RESET = "reset"
RESET_INSIDE = "reset-inside"
TRUNCATED = "truncated"
CUT = "cut"
NOT_JSON = "not-json"
WRONG_TYPE = "wrong-type"
HTML = "html"
REPEAT = "repeat"
LOOP = "loop"
SKIP = "skip"
EMPTY = "empty"
STUCK = "stuck"
IGNORED = "ignored"
REVOKE = "revoke"
SLOW = "slow"

WORDS = {
    HANG: "no answer for hang_s seconds (3600), then the connection is lost",
    RESET: "the connection is reset before anything is done",
    RESET_INSIDE: "it is done, and the connection is reset in the middle of the answer",
    TRUNCATED: "it is done, and the body ends before its Content-Length",
    CUT: "it is done, and half of the body comes as if it were all",
    NOT_JSON: "it is done, and the body is no JSON",
    WRONG_TYPE: "it is done, and the body is JSON, but a list",
    HTML: "it is done, and the body is a proxy's page",
    REPEAT: "the first page of the list again, whatever the marker",
    LOOP: "a page whose next link leads to itself",
    SKIP: "a page that lacks every other row",
    EMPTY: "a page without any row",
    STUCK: "success, but it ends when all orders are taken back: until then it is 'deleting'",
    IGNORED: "success, but nothing is done",
    REVOKE: "the token it came with is revoked first: 401 until there is another",
    SLOW: "the right answer, hang_s seconds (1) late",
}
"""What `answer` may be besides a status."""

LOST = "lost"
DUPLICATED = "duplicated"
REORDERED = "reordered"

EVENT_WORDS = {
    LOST: "the message is not sent",
    DUPLICATED: "the message is sent twice",
    REORDERED: "the message is sent after the next one, or a second later",
}
"""What `answer` may be where `event` is given instead of `path`."""


@dataclasses.dataclass(kw_only=True)
class Order:
    """When something goes wrong: with `times` of the matches that come after the first `after`.

    `times` None means until it is taken back. `probability` is that of each match, thrown with
    the cloud's seed. Nothing matches until `start_s` seconds of the cloud's time have passed
    since the order was given.
    """

    after: int = 0
    times: int | None = 1
    probability: float = 1.0
    start_s: float = 0.0

    def __post_init__(self) -> None:
        """Wrong orders are refused when they are given, not when they would happen."""
        for field in dataclasses.fields(self):
            value, (kinds, text) = getattr(self, field.name), _TYPES[field.name]
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise ValueError(f"{field.name} is {text}, not {value!r}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is from 0 to 1, not {self.probability}")
        for name in ("after", "times", "start_s", "hang_s"):
            if (getattr(self, name, None) or 0) < 0:
                raise ValueError(f"{name} is not negative, as {getattr(self, name)} is")

    def strikes(self, dice: random.Random) -> bool:
        """Whether this match is one of those meant; it is counted."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.probability < 1 and dice.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclasses.dataclass
class Fault(Order):
    """What requests get whose method, path (with query) and user's name match.

    `answer` is a status, in the shape of the service that is asked, or one of `WORDS`. Regexes
    are searched, and an empty one means any. `headers` are added to the answer.
    """

    path: str
    answer: int | str
    method: str = ""
    user: str = ""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    message: str = "A fault that was ordered."
    hang_s: float | None = None

    def __post_init__(self) -> None:
        """As `Order`'s; and the regexes and the answer are understood."""
        super().__post_init__()
        for name in ("path", "method", "user"):
            _check_regex(name, getattr(self, name))
        if isinstance(self.answer, str):
            _check_word(self.answer, WORDS, "a status, ")
        elif not 100 <= self.answer <= 599:
            raise ValueError(f"answer is a status from 100 to 599, not {self.answer}")
        self.headers = {str(name): str(value) for name, value in self.headers.items()}

    @property
    def wait_s(self) -> float:
        """How long a client waits: `hang_s`, or what is usual for the answer."""
        if self.hang_s is not None:
            return self.hang_s
        return 3600.0 if self.answer == HANG else 1.0

    def matches(self, method: str, path: str, user: str) -> bool:
        """Whether the request is like those meant."""
        wanted = ((self.method, method), (self.path, path), (self.user, user))
        return all(re.search(regex, text) for regex, text in wanted)


@dataclasses.dataclass
class EventFault(Order):
    """What becomes of messages whose event type the regex `event` finds: one of `EVENT_WORDS`."""

    event: str
    answer: str

    def __post_init__(self) -> None:
        """As `Order`'s; and the regex and the answer are understood."""
        super().__post_init__()
        _check_regex("event", self.event)
        _check_word(self.answer, EVENT_WORDS)


_NUMBER, _TEXT = ((int, float), "a number"), ((str,), "text")
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "after": ((int,), "a whole number"),
    "times": ((int, type(None)), "a whole number or null"),
    "probability": _NUMBER,
    "start_s": _NUMBER,
    "hang_s": ((int, float, type(None)), "a number or null"),
    "headers": ((dict,), "an object"),
    "answer": ((int, str), "a status or a word"),
    **dict.fromkeys(("path", "method", "user", "message", "event"), _TEXT),
}

SomeOrder = TypeVar("SomeOrder", bound=Order)


class Faults:
    """The orders given, first come first served; safe from any thread."""

    def __init__(self, time: clock.Clock, seed: int = 0) -> None:
        self._clock = time
        self._dice = random.Random(seed)
        self._orders: list[tuple[datetime.datetime, Order]] = []
        self._lock = threading.Lock()

    def add(self, order: SomeOrder) -> SomeOrder:
        """The order waits for its requests or messages, from its start on."""
        start = self._clock.now() + datetime.timedelta(seconds=order.start_s)
        with self._lock:
            self._orders.append((start, order))
        return order

    def clear(self) -> None:
        """No order is waiting, and what was stuck goes on."""
        with self._lock:
            self._orders.clear()
        self._clock.release()

    def pending(self) -> list[dict[str, Any]]:
        """The orders that still have something to spoil, as they now are."""
        with self._lock:
            return [dataclasses.asdict(order) for _, order in self._orders]

    def take(self, method: str, path: str, user: str = "") -> Fault | None:
        """The fault this request gets, counted as used, or None."""
        return self._take(Fault, lambda fault: fault.matches(method, path, user))

    def take_event(self, event_type: str) -> EventFault | None:
        """The fault this message gets, counted as used, or None."""
        return self._take(EventFault, lambda fault: bool(re.search(fault.event, event_type)))

    def _take(
        self, sort: type[SomeOrder], matches: Callable[[SomeOrder], bool]
    ) -> SomeOrder | None:
        with self._lock:
            now = self._clock.now() if self._orders else None
            for place, (start, order) in enumerate(self._orders):
                if not isinstance(order, sort) or (now and now < start) or order.times == 0:
                    continue
                if matches(order) and order.strikes(self._dice):
                    if order.times == 0:
                        del self._orders[place]
                    return order
        return None


def read_order(given: object) -> Fault | EventFault:
    """The order that an object of JSON or YAML describes; ValueError says what is wrong."""
    if not isinstance(given, Mapping):
        raise ValueError(f"an order is an object with path or event, not {given!r}")
    sort = EventFault if "event" in given else Fault
    fields = {field.name: field for field in dataclasses.fields(sort)}
    for name in given:
        if name not in fields:
            near = difflib.get_close_matches(str(name), fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(fields)}"
            raise ValueError(f"{name!r} is nothing that an order has{hint}")
    missing = [
        name for name in ("path" if sort is Fault else "event", "answer") if name not in given
    ]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return sort(**given)


def read_orders(given: object) -> list[Fault | EventFault]:
    """The orders of a list, or a single one; ValueError tells which is wrong and why."""
    orders: list[Fault | EventFault] = []
    for number, one in enumerate(given if isinstance(given, list) else [given], start=1):
        try:
            orders.append(read_order(one))
        except ValueError as error:
            raise ValueError(f"order {number}: {error}") from error
    return orders


def read_script(file: pathlib.Path) -> list[Fault | EventFault]:
    """The orders in a YAML or JSON file; ValueError or OSError tells what is wrong with it."""
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is neither YAML nor JSON: {error}") from error
    if not isinstance(given, list):
        raise ValueError(f"{file} holds no list of orders")
    try:
        return read_orders(given)
    except ValueError as error:
        raise ValueError(f"{file}, {error}") from error


def _check_regex(name: str, regex: str) -> None:
    try:
        re.compile(regex)
    except re.error as error:
        raise ValueError(f"{name} {regex!r} is no regex: {error}") from error


def _check_word(answer: object, words: Mapping[str, str], others: str = "") -> None:
    if answer not in words:
        raise ValueError(f"answer is {others}{', '.join(words)}; not {answer!r}")
