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
"""Listens to what services tell over the bus, and notices what it does not hear.

A broker that goes away, or that drops messages because the queue is full,
tells nobody.  So the listener sends numbered pulses through its own queue:
where they stay out nothing is heard, and where a number is missing something
was dropped.  After that the cloud has to be listed again.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
import re
import threading
import time
from typing import Any
import uuid

import msgspec
from oslo_config import cfg
from oslo_log import log
import oslo_messaging  # type: ignore[import-untyped]

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.rpc import transport
from cleanupd.services.base import notification

LOG = log.getLogger(__name__)

#: As many messages are taken from the bus at once, and so long is waited for them.
BATCH_SIZE = 200
BATCH_TIMEOUT_S = 0.1
PULSE_S = 5.0
#: After so many pulses without one that came back the listener calls itself deaf.
MOST_SILENT = 3
PULSE = "cleanupd.pulse"
#: How long a broker may let the daemon wait when it starts and stops.
PATIENCE_S = 10.0


class Pulse(msgspec.Struct, frozen=True):
    """What is sent to hear it: ``life`` tells this process from those before it."""

    life: str
    number: int


class EventsNotificationEndpoint:
    """Takes batches of messages from the bus and dispatches each by itself.

    Messages of publishers and event types that no filter finds are
    acknowledged and counted; they are never parsed.  An empty filter finds
    everything.
    """

    def __init__(
        self,
        manager: notification.NotificationHandlerManager,
        publishers: Iterable[re.Pattern[str]] = (),
        event_types: Iterable[re.Pattern[str]] = (),
        hearing: "Hearing | None" = None,
    ) -> None:
        self._manager = manager
        self._publishers = tuple(publishers)
        self._event_types = tuple(event_types)
        self._hearing = hearing
        #: How many messages the filters left aside.
        self.filtered = 0
        #: How many messages had no form that anybody knows.
        self.malformed = 0

    def info(self, messages: Sequence[dict[str, Any]]) -> None:
        """Take a batch of messages, of any priority."""
        if self._hearing is not None:
            self._hearing.hear()
        for message in messages:
            try:
                self._take(message)
            except Exception:  # a boundary: an exception would cost the whole batch
                self.malformed += 1
                LOG.exception("A message of the bus has no form that is known")

    audit = debug = warn = error = critical = sample = info

    def _take(self, message: dict[str, Any]) -> None:
        publisher_id, event_type = message["publisher_id"], message["event_type"]
        if event_type == PULSE and self._hearing is not None:
            self._hearing.hear_pulse(msgspec.convert(message["payload"], Pulse))
            return
        if not (_finds(self._publishers, publisher_id) and _finds(self._event_types, event_type)):
            self.filtered += 1
            return
        sent_at = datetime.datetime.fromisoformat(message["metadata"]["timestamp"])
        if sent_at.tzinfo is None:
            sent_at = sent_at.replace(tzinfo=datetime.UTC)
        self._manager.dispatch(
            notification.Message(publisher_id, event_type, message["payload"], sent_at)
        )


def _finds(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return not patterns or any(pattern.search(text) for pattern in patterns)


class Hearing:
    """What the pulses say: whether the bus is heard, and whether anything was missed.

    ``on_gap`` is called with the reason when something may have been missed,
    and what comes next will be heard.  ``patience_s`` is how long nothing at
    all may come.
    """

    def __init__(
        self,
        on_gap: Callable[[str], None],
        patience_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._life = uuid.uuid4().hex
        self._on_gap = on_gap
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: When each pulse was sent that has not come back.
        self._sent: dict[int, float] = {}
        self._number = 0
        self._heard_at = monotonic()
        self._why_deaf: str | None = "the broker has not let us listen yet"

    @property
    def why_deaf(self) -> str | None:
        """Why nothing is heard; None while all is well."""
        with self._lock:
            now = self._monotonic()
            oldest = min(self._sent.values(), default=now)
            silent_s = now - max(oldest, self._heard_at)
            if silent_s > self._patience_s and self._why_deaf is None:
                self._fail(f"nothing came back for {silent_s:.0f} s")
            return self._why_deaf

    def begin(self) -> None:
        """Note that the queue is there, before anything was listed."""
        with self._lock:
            self._why_deaf, self._heard_at = None, self._monotonic()

    def send(self) -> Pulse:
        """Return the next pulse, which counts as sent."""
        with self._lock:
            self._number += 1
            self._sent[self._number] = self._monotonic()
            return Pulse(self._life, self._number)

    def hear(self) -> None:
        """Note that messages came."""
        self._heard_at = self._monotonic()

    def hear_pulse(self, pulse: Pulse) -> None:
        """Take a pulse that came back."""
        with self._lock:
            if pulse.life != self._life or pulse.number not in self._sent:
                return
            lost = sum(number < pulse.number for number in self._sent)
            self._sent = {n: at for n, at in self._sent.items() if n > pulse.number}
            reason, self._why_deaf = self._why_deaf, None
        if reason is not None:
            self._on_gap(reason)
        elif lost:
            self._on_gap(f"{lost} of our own messages were dropped: the queue was too long")

    def fail(self, reason: str) -> None:
        """Note why nothing can be heard."""
        with self._lock:
            self._fail(reason)

    def _fail(self, reason: str) -> None:
        if self._why_deaf != reason:
            LOG.warning("The bus cannot be heard, listings go on: %(why)s", {"why": reason})
        self._why_deaf = reason


class NotificationListener:
    """A service that listens to the bus, in one thread, so that nothing is overtaken.

    Without a broker the daemon goes on by listings alone: this waits until
    there is one, and ``why_deaf`` says so meanwhile.  ``resynchronize`` is
    called when messages may have been missed.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        source: settings.Notifications,
        manager: notification.NotificationHandlerManager,
        resynchronize: Callable[[], None],
        *,
        pulse_s: float = PULSE_S,
    ) -> None:
        self._conf = conf
        self._source = source
        self._pulse_s = pulse_s
        self._resynchronize = resynchronize
        #: How often messages may have been missed.
        self.gaps = 0
        self._hearing = Hearing(self._make_up, MOST_SILENT * pulse_s)
        self.endpoint = EventsNotificationEndpoint(
            manager, source.publishers, source.event_types, self._hearing
        )
        self._server: Any = None
        self._notifier: Any = None
        self._stopping = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="bus", daemon=True)

    @property
    def why_deaf(self) -> str | None:
        """Why nothing is heard; None while all is well."""
        return self._hearing.why_deaf

    def start(self) -> None:
        """Begin to listen, as soon as there is a broker.

        Where there is one this returns when the queue is there, so that what
        happens during the first listing is heard.
        """
        self._thread.start()
        self._tried.wait(PATIENCE_S)

    def stop(self) -> None:
        """Hear nothing more."""
        self._stopping.set()

    def wait(self) -> None:
        """Return when what was heard is dispatched; a broker that lets us hang is left alone."""
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_S)

    def why_stuck(self) -> str | None:
        """Say why it gets on no more; a broker that is away is no reason to be killed."""
        return None if self._thread.is_alive() else "the thread that listens to the bus has ended"

    def _make_up(self, reason: str) -> None:
        self.gaps += 1
        LOG.warning("The bus is heard; the cloud is listed anew, for: %(why)s", {"why": reason})
        self._resynchronize()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                transport.check_reachable(self._conf, self._url)
                with transport.translated():
                    self._beat()
            except exceptions.CleanupdError as error:
                self._hearing.fail(str(error))
            self._tried.set()
            self._stopping.wait(self._pulse_s)
        if self._server is not None:
            self._server.stop()
            self._server.wait()

    def _beat(self) -> None:
        """Listen, if that was not begun, and send a pulse."""
        if self._server is None:
            server = self._make_server()
            server.start(override_pool_size=1)
            self._server, self._notifier = server, self._make_notifier()
            if not self._tried.is_set():
                self._hearing.begin()
                self._tried.set()
        self._notifier.info({}, PULSE, msgspec.to_builtins(self._hearing.send()))

    @property
    def _url(self) -> str | None:
        url: str | None = self._conf.oslo_messaging_notifications.transport_url
        return url

    def _make_server(self) -> Any:
        places = [
            (exchange, topic)
            for exchange in self._source.exchanges
            for topic in self._source.topics
        ]
        places.append((self._conf.control_exchange, self._pulse_topic))
        return oslo_messaging.get_batch_notification_listener(
            oslo_messaging.get_notification_transport(self._conf),
            [oslo_messaging.Target(topic=topic, exchange=exchange) for exchange, topic in places],
            [self.endpoint],
            executor="threading",
            pool=self._source.queue,
            batch_size=BATCH_SIZE,
            batch_timeout=BATCH_TIMEOUT_S,
        )

    def _make_notifier(self) -> Any:
        return oslo_messaging.Notifier(
            oslo_messaging.get_notification_transport(self._conf),
            publisher_id="cleanupd",
            driver="messagingv2",
            topics=[self._pulse_topic],
            retry=1,
        )

    @property
    def _pulse_topic(self) -> str:
        """The topic for which oslo.messaging, when it sends, makes no queue but ours.

        It makes one by the name of topic and priority, so that what nobody
        listens to yet is not lost.
        """
        return self._source.queue.removesuffix(".info")
