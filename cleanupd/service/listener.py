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
"""Hears what the services of the cloud say on the bus."""

from collections.abc import Iterable
from collections.abc import Sequence
import datetime
import re
import threading
from typing import Any

import msgspec
from oslo_config import cfg
from oslo_log import log
import oslo_messaging  # type: ignore[import-untyped]

from cleanupd import exceptions
from cleanupd.rpc import transport
from cleanupd.services.base import notification

LOG = log.getLogger(__name__)

#: As many messages are taken from the bus at once, and so long is waited for them.
BATCH_SIZE = 200
BATCH_TIMEOUT_S = 0.1


class Source(msgspec.Struct, frozen=True):
    """Where to listen: the exchanges, the topics, whose messages count, and the pool's name."""

    exchanges: tuple[str, ...]
    topics: tuple[str, ...]
    pool: str
    publishers: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()


class EventsNotificationEndpoint:
    """Takes batches of messages from the bus and dispatches each by itself.

    Messages of publishers and event types that no filter finds are
    acknowledged and counted; they are never parsed.  An empty filter finds
    everything.
    """

    def __init__(
        self,
        manager: notification.NotificationHandlerManager,
        publishers: Iterable[str] = (),
        event_types: Iterable[str] = (),
    ) -> None:
        self._manager = manager
        self._publishers = [re.compile(pattern) for pattern in publishers]
        self._event_types = [re.compile(pattern) for pattern in event_types]
        #: How many messages the filters left aside.
        self.filtered = 0
        #: How many messages had no form that anybody knows.
        self.malformed = 0

    def info(self, messages: Sequence[dict[str, Any]]) -> None:
        """Take a batch of messages, of any priority."""
        for message in messages:
            try:
                self._take(message)
            except Exception:  # a boundary: an exception would cost the whole batch
                self.malformed += 1
                LOG.exception("A message of the bus has no form that is known")

    audit = debug = warn = error = critical = sample = info

    def _take(self, message: dict[str, Any]) -> None:
        publisher_id, event_type = message["publisher_id"], message["event_type"]
        if not (_finds(self._publishers, publisher_id) and _finds(self._event_types, event_type)):
            self.filtered += 1
            return
        sent_at = datetime.datetime.fromisoformat(message["metadata"]["timestamp"])
        if sent_at.tzinfo is None:
            sent_at = sent_at.replace(tzinfo=datetime.UTC)
        self._manager.dispatch(
            notification.Message(publisher_id, event_type, message["payload"], sent_at)
        )


def _finds(patterns: list[re.Pattern[str]], text: str) -> bool:
    return not patterns or any(pattern.search(text) for pattern in patterns)


class NotificationListener:
    """A service that listens to the bus, in one thread, so that nothing is overtaken.

    Without a broker the daemon goes on by listings alone: this waits until
    there is one, and ``why_deaf`` says so meanwhile.
    """

    def __init__(
        self, conf: cfg.ConfigOpts, source: Source, endpoint: EventsNotificationEndpoint
    ) -> None:
        self._conf = conf
        self._source = source
        self._endpoint = endpoint
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="bus", daemon=True)
        self.why_deaf: str | None = "it has not begun to listen"

    def start(self) -> None:
        """Begin to listen, as soon as there is a broker."""
        self._thread.start()

    def stop(self) -> None:
        """Hear nothing more."""
        self._stopping.set()

    def wait(self) -> None:
        """Return when what was heard is dispatched."""
        if self._thread.ident is not None:
            self._thread.join()

    def reset(self) -> None:
        """Do nothing: where to listen does not change before the next start."""

    def why_stuck(self) -> str | None:
        """Say why it gets on no more; a broker that is away is no reason to be killed."""
        return None if self._thread.is_alive() else "the thread that listens to the bus has ended"

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                transport.check_reachable(self._conf)
                server = self._make_server()
                server.start(override_pool_size=1)
            except exceptions.CleanupdError as error:
                if self.why_deaf != str(error):
                    LOG.warning("The bus cannot be heard, listings go on: %(why)s", {"why": error})
                self.why_deaf = str(error)
                self._stopping.wait(5.0)
                continue
            self.why_deaf = None
            self._stopping.wait()
            server.stop()
            server.wait()

    def _make_server(self) -> Any:
        targets = [
            oslo_messaging.Target(topic=topic, exchange=exchange)
            for exchange in self._source.exchanges
            for topic in self._source.topics
        ]
        with transport.translated():
            return oslo_messaging.get_batch_notification_listener(
                oslo_messaging.get_notification_transport(self._conf),
                targets,
                [self._endpoint],
                executor="threading",
                pool=self._source.pool,
                batch_size=BATCH_SIZE,
                batch_timeout=BATCH_TIMEOUT_S,
            )
