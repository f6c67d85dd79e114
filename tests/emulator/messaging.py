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
"""The bus over oslo.messaging: what the services say goes to a real broker.

Each service publishes to the exchange that is its ``control_exchange``, on the topic
``notifications`` (versioned ones of Nova on ``versioned_notifications``), in the format
``messagingv2``, as seen on the bus of a real cloud, release 2026.2.
"""

from collections.abc import Iterator
import contextlib
import logging
import queue
import threading

from oslo_config import cfg
import oslo_messaging

from tests.emulator import bus

LOG = logging.getLogger(__name__)

LAST_WORDS_S = 5.0
"""How long what was said last may take to be sent when the emulator stops."""


class Sender:
    """Sends messages to a broker, in their order, in a thread of its own.

    So a broker that is slow or away does not hold up the cloud. What it does not take is logged
    and lost.
    """

    def __init__(self, url: str) -> None:
        """`url` is a transport URL; ValueError if it is none."""
        self._url = url
        self._notifiers: dict[tuple[str, str], oslo_messaging.Notifier] = {}
        self._transports: dict[str, oslo_messaging.Transport] = {}
        self._transport("openstack")
        self._messages: queue.SimpleQueue[bus.Message | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="emulator-bus", daemon=True)
        self._thread.start()

    def put(self, message: bus.Message) -> None:
        """The message is sent soon."""
        self._messages.put(message)

    def close(self) -> None:
        """All is sent, or the broker was given a while; nothing more is."""
        self._messages.put(None)
        self._thread.join(LAST_WORDS_S)
        if self._thread.is_alive():
            LOG.warning("the broker does not take what is left for it")
            return
        for transport in self._transports.values():
            transport.cleanup()

    def _run(self) -> None:
        while (message := self._messages.get()) is not None:
            try:
                self._send(message)
            except Exception:  # boundary: the next message is sent whatever became of this
                LOG.exception("%s was not sent", message.event_type)

    def _send(self, message: bus.Message) -> None:
        key = (message.exchange, message.topic)
        notifier = self._notifiers.get(key)
        if notifier is None:
            notifier = self._notifiers[key] = oslo_messaging.Notifier(
                self._transport(message.exchange), driver="messagingv2", topics=[message.topic]
            )
        speaker = notifier.prepare(publisher_id=message.publisher_id)
        say = getattr(speaker, message.priority.lower())
        say({}, message.event_type, message.payload)

    def _transport(self, exchange: str) -> oslo_messaging.Transport:
        """The way to an exchange, which oslo.messaging knows as an option of its own."""
        if exchange not in self._transports:
            conf = cfg.ConfigOpts()
            conf([], project="emulator", default_config_files=[])
            try:
                url = oslo_messaging.TransportURL.parse(conf, self._url)
                conf.set_override("control_exchange", exchange)
                transport = oslo_messaging.get_notification_transport(conf, url)
            except (oslo_messaging.InvalidTransportURL, oslo_messaging.DriverLoadFailure) as error:
                raise ValueError(str(error)) from error
            self._transports[exchange] = transport
        return self._transports[exchange]


@contextlib.contextmanager
def sending(to: bus.Bus, url: str) -> Iterator[None]:
    """What the services say inside, goes to the broker at the transport URL."""
    sender = Sender(url)
    to.listen(sender.put)
    try:
        yield
    finally:
        sender.close()
