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

Its own pulses prove that the bus is heard.  A queue that was lost with its
broker, and made anew between two pulses, shows by the connection, which is
another one.  After each time that something may have been missed, the cloud
has to be listed again.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import datetime
import re
import threading
import time
from typing import Any

import msgspec
from oslo_config import cfg
from oslo_log import log
import oslo_messaging  # type: ignore[import-untyped]

from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.rpc import transport
from cleanupd.service import hearing as hearings
from cleanupd.services.base import notification
from cleanupd.services.base import wire

LOG = log.getLogger(__name__)

#: As many messages are taken from the bus at once, and so long is waited for them.
BATCH_SIZE = 200
BATCH_TIMEOUT_S = 0.1
#: In a batch of so many others crowd behind; a busy machine never takes a whole batch in time.
CROWD = 20
PULSE_S = 5.0
#: While messages crowd, pulses are sent so often: a queue that is long may overflow.
HASTE_S = 0.2
#: After so many pulses without one that came back the listener calls itself deaf.
MOST_SILENT = 3
#: For so many pulses after the cloud was listed anew that is not done again: where the
#: queue overflows all the time, the cloud is not listed all the time.
REST = 12
PULSE = "cleanupd.pulse"
#: How long a broker may let the daemon wait when it starts and stops.
PATIENCE_S = 10.0


class EventsNotificationEndpoint:
    """Takes batches of messages from the bus and dispatches each by itself.

    Messages of publishers and event types that no filter finds are
    acknowledged and counted; they are never parsed.  An empty filter finds
    everything.  ``on_crowd`` is called for a large batch, behind which more wait.
    """

    def __init__(
        self,
        manager: notification.NotificationHandlerManager,
        publishers: Iterable[re.Pattern[str]] = (),
        event_types: Iterable[re.Pattern[str]] = (),
        hearing: "hearings.Hearing | None" = None,
        on_crowd: Callable[[], None] = lambda: None,
    ) -> None:
        self._manager = manager
        self._publishers = tuple(publishers)
        self._event_types = tuple(event_types)
        self._hearing = hearing
        self._on_crowd = on_crowd
        #: How many messages the filters left aside.
        self.filtered = 0
        #: How many messages had no form that anybody knows.
        self.malformed = 0

    def info(self, messages: Sequence[dict[str, Any]]) -> None:
        """Take a batch of messages, of any priority."""
        if self._hearing is not None:
            self._hearing.hear()
        if len(messages) >= CROWD:
            self._on_crowd()
        for message in messages:
            try:
                self._take(message)
            except Exception:  # a boundary: an exception would cost the whole batch
                self.malformed += 1
                LOG.exception("A message of the bus has no form that is known")

    audit = debug = warn = error = critical = sample = info

    def _take(self, message: dict[str, Any]) -> None:
        # Octavia names no publisher.
        publisher_id, event_type = message["publisher_id"] or "", message["event_type"]
        if event_type == PULSE and self._hearing is not None:
            self._hearing.hear_pulse(msgspec.convert(message["payload"], hearings.Pulse))
            return
        if not (_finds(self._publishers, publisher_id) and _finds(self._event_types, event_type)):
            self.filtered += 1
            return
        told_at = datetime.datetime.fromisoformat(message["metadata"]["timestamp"])
        sent_at = wire.as_utc(told_at)
        self._manager.dispatch(
            notification.Message(publisher_id, event_type, message["payload"], sent_at)
        )


def _finds(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return not patterns or any(pattern.search(text) for pattern in patterns)


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
        self._hearing = hearings.Hearing(self._note_gap, MOST_SILENT * pulse_s)
        self.endpoint = EventsNotificationEndpoint(
            manager, source.publishers, source.event_types, self._hearing, self._note_crowd
        )
        self._transport: Any = None
        self._server: Any = None
        self._notifier: Any = None
        #: What the server hears by.
        self._channel: object = None
        #: Why the cloud has to be listed anew, if it has, and when that may be.
        self._owed: str | None = None
        self._next_at = 0.0
        #: Until when messages are taken to crowd.
        self._crowded_until = 0.0
        self._woken = threading.Event()
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
        # A queue that comes later does not have what happened until then.
        self._tried.set()

    def stop(self) -> None:
        """Hear nothing more."""
        self._stopping.set()
        self._woken.set()

    def wait(self) -> None:
        """Return when what was heard is dispatched; a broker that lets us hang is left alone."""
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_S)

    def why_stuck(self) -> str | None:
        """Say why it gets on no more; a broker that is away is no reason to be killed."""
        return None if self._thread.is_alive() else "the thread that listens to the bus has ended"

    def _note_gap(self, reason: str) -> None:
        self.gaps += 1
        # The connection that this was heard by is no news any more.
        self._owed, self._channel = reason, self._find_channel()
        self._woken.set()

    def _note_crowd(self) -> None:
        """Have pulses sent among the messages of a crowd, some of which may be dropped."""
        was_crowded = self._is_crowded
        self._crowded_until = time.monotonic() + self._pulse_s
        if not was_crowded:
            self._woken.set()

    @property
    def _is_crowded(self) -> bool:
        return time.monotonic() < self._crowded_until

    def _make_up(self) -> None:
        """Have the cloud listed anew, if that is owed and was not done a moment ago."""
        reason, now = self._owed, time.monotonic()
        if reason is not None and now >= self._next_at:
            self._owed, self._next_at = None, now + REST * self._pulse_s
            LOG.warning(
                "The bus is heard; the cloud is listed anew, for: %(why)s", {"why": reason}
            )
            self._resynchronize()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._hearing.give_up():
                    # oslo.messaging 18 never hears a queue that went while it connected.
                    self._end()
                if not self._is_crowded:
                    transport.check_reachable(self._conf, self._url)
                with transport.translated():
                    self._beat()
            except exceptions.CleanupdError as error:
                self._hearing.fail(str(error))
            self._tried.set()
            self._make_up()
            self._woken.wait(min(HASTE_S, self._pulse_s) if self._is_crowded else self._pulse_s)
            self._woken.clear()
        with contextlib.suppress(exceptions.BusUnreachable):
            self._end()

    def _beat(self) -> None:
        """Listen, if that was not begun, and send a pulse."""
        if self._server is None:
            self._begin()
        elif self._find_channel() not in (self._channel, None):
            self._channel = self._find_channel()
            self._hearing.fail("the connection to the broker was lost")
        self._notifier.info({}, PULSE, msgspec.to_builtins(self._hearing.send()))

    def _begin(self) -> None:
        bus = oslo_messaging.get_notification_transport(self._conf)
        server = self._make_server(bus)
        server.start(override_pool_size=1)
        self._transport, self._server, self._notifier = bus, server, self._make_notifier(bus)
        self._channel = self._find_channel()
        if not self._tried.is_set():
            self._hearing.begin()
            self._tried.set()

    def _end(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with transport.translated():
                server.stop()
                server.wait()
                self._transport.cleanup()

    def _find_channel(self) -> object:
        """Return what the server hears by: another one after each time it had to connect.

        oslo.messaging 18 has no public name for it.  None where it has none now.
        """
        found: object = self._server
        for name in ("listener", "_poll_style_listener", "conn", "channel"):
            found = getattr(found, name, None)
        return found

    @property
    def _url(self) -> str | None:
        url: str | None = self._conf.oslo_messaging_notifications.transport_url
        return url

    def _make_server(self, bus: Any) -> Any:
        places = [
            (exchange, topic)
            for exchange in self._source.exchanges
            for topic in self._source.topics
        ]
        places.append((self._conf.control_exchange, self._pulse_topic))
        return oslo_messaging.get_batch_notification_listener(
            bus,
            [oslo_messaging.Target(topic=topic, exchange=exchange) for exchange, topic in places],
            [self.endpoint],
            executor="threading",
            pool=self._source.queue,
            batch_size=BATCH_SIZE,
            batch_timeout=BATCH_TIMEOUT_S,
        )

    def _make_notifier(self, bus: Any) -> Any:
        return oslo_messaging.Notifier(
            bus,
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
