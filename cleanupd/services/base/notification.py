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
"""Messages of the bus, and the plugins that turn them into changes of the model."""

import abc
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import re
from typing import Any
from typing import ClassVar
from typing import Protocol
from typing import TypeAlias

import msgspec
from oslo_log import log

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import model
from cleanupd.core import resources
from cleanupd.services.base import wire

LOG = log.getLogger(__name__)


class Message(msgspec.Struct, frozen=True, gc=False):
    """One notification as a service sent it; ``sent_at`` is its own time (aware, UTC)."""

    publisher_id: str
    event_type: str
    payload: Any
    sent_at: datetime.datetime


class ModelCollector(Protocol):
    """What a handler needs of its collector."""

    @property
    def cluster_data_model(self) -> model.ModelRoot:
        """The model as it is now."""

    def apply(self, change: changes.Change) -> None:
        """Take what the bus told; what cannot be told has to be read."""


class NotificationParser(abc.ABC):
    """Turns raw payloads into typed objects, one type for each event type."""

    @abc.abstractmethod
    def parse(self, message: Message) -> object:
        """Return what the message says, in the type for its event type.

        None where the event type is one that tells nothing of the model.
        Raises UnknownEvent for an event type that nobody has thought of, and
        MalformedAnswer where the payload is not what its service sends.
        """


class NotificationHandler(abc.ABC):
    """Turns the messages of one service into changes of its collector's model."""

    #: Finds the publishers whose messages it wants.
    PUBLISHER_ID: ClassVar[str]

    @classmethod
    def get_publisher_id(cls) -> str:
        """Return the regular expression of the publishers whose messages are wanted."""
        return cls.PUBLISHER_ID

    @property
    @abc.abstractmethod
    def model_collector(self) -> ModelCollector:
        """The collector whose model the messages change."""

    @abc.abstractmethod
    def handle(self, message: Message) -> None:
        """Change the model as the message says.  Makes no request and waits for nothing."""


class Scene(msgspec.Struct, frozen=True, gc=False):
    """What is known besides the message: whence it comes, the model, and when it was sent."""

    place: wire.Place
    model: model.ModelRoot
    sent_at: datetime.datetime

    def updated(self, record: resources.Resource) -> changes.Updated:
        """Return that the message told how a resource is."""
        return changes.Updated(record, self.sent_at)

    def deleted(self, ref: resources.Ref) -> changes.Deleted:
        """Return that the message told that a resource is gone."""
        return changes.Deleted(ref, self.sent_at)

    def touched(self, ref: resources.Ref) -> changes.Touched:
        """Return that the message told of a resource, but not how it is."""
        return changes.Touched(ref, self.sent_at)


#: Yields what a parsed payload changes.
Tell: TypeAlias = Callable[[Any, Scene], Iterable[changes.Change]]


class Event(msgspec.Struct, frozen=True):
    """One event type: the type that its payload is parsed into, and what that changes."""

    shape: Any
    tell: Tell


class TableParser(NotificationParser):
    """Parses payloads by a table of types, and knows by another what tells nothing, and why."""

    def __init__(self, shapes: Mapping[str, Any], ignored: Mapping[str, str]) -> None:
        self._shapes = shapes
        self._ignored = ignored

    def parse(self, message: Message) -> object:
        """Return what the message says, in the type for its event type, None where nothing."""
        event_type = message.event_type
        shape = self._shapes.get(event_type)
        if shape is None:
            if event_type in self._ignored:
                return None
            raise exceptions.UnknownEvent(message.publisher_id, event_type)
        try:
            return msgspec.convert(message.payload, shape)
        except msgspec.ValidationError as error:
            raise exceptions.MalformedAnswer(event_type, str(error)) from error


class TableHandler(NotificationHandler):
    """Handles by two tables that cover every event type which the service sends."""

    EVENTS: ClassVar[Mapping[str, Event]]
    #: Why messages of an event type are ignored.
    IGNORED: ClassVar[Mapping[str, str]]

    def __init__(self, collector: ModelCollector, place: wire.Place) -> None:
        self._collector = collector
        self.place = place
        shapes = {event_type: event.shape for event_type, event in self.EVENTS.items()}
        self.parser = TableParser(shapes, self.IGNORED)

    @property
    def model_collector(self) -> ModelCollector:
        """The collector whose model the messages change."""
        return self._collector

    def handle(self, message: Message) -> None:
        """Change the model as the message says."""
        parsed = self.parser.parse(message)
        if parsed is None:
            return
        scene = Scene(self.place, self._collector.cluster_data_model, message.sent_at)
        for change in self.EVENTS[message.event_type].tell(parsed, scene):
            self._collector.apply(change)


class Counts(msgspec.Struct):
    """How many messages were dispatched, and what became of them."""

    handled: int = 0
    #: Nobody wants messages of their publisher.
    unwanted: int = 0
    #: Of event types that nobody has thought of.
    unknown: int = 0
    #: The handler failed.
    failed: int = 0


class NotificationHandlerManager:
    """Hands each message to the handlers whose publisher it is from, in the order of the bus.

    Called from one thread, so that no message overtakes another.
    """

    def __init__(self, handlers: Iterable[NotificationHandler] = ()) -> None:
        self.counts = Counts()
        self._registered: list[tuple[re.Pattern[str], NotificationHandler]] = []
        #: Each publisher's handlers, found once: there are as many as there are services.
        self._found: dict[str, tuple[NotificationHandler, ...]] = {}
        for handler in handlers:
            self.register(handler)

    def register(self, handler: NotificationHandler) -> None:
        """The handler gets the messages of its publishers from now on."""
        self._registered.append((re.compile(handler.get_publisher_id()), handler))
        self._found = {}

    def dispatch(self, message: Message) -> None:
        """Let the handlers of the message's publisher handle it; no failure of theirs goes on."""
        handlers = self._found.get(message.publisher_id)
        if handlers is None:
            handlers = self._find(message.publisher_id)
        if not handlers:
            self.counts.unwanted += 1
        for handler in handlers:
            self._handle(handler, message)

    def _find(self, publisher_id: str) -> tuple[NotificationHandler, ...]:
        found = tuple(
            handler for pattern, handler in self._registered if pattern.search(publisher_id)
        )
        self._found[publisher_id] = found
        return found

    def _handle(self, handler: NotificationHandler, message: Message) -> None:
        try:
            handler.handle(message)
        except exceptions.UnknownEvent:
            self.counts.unknown += 1
        except Exception:  # a boundary: one bad message must not cost those after it
            self.counts.failed += 1
            LOG.exception(
                "Message %(event)s of %(publisher)s failed",
                {"event": message.event_type, "publisher": message.publisher_id},
            )
        else:
            self.counts.handled += 1
