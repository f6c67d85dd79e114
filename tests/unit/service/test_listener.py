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
"""What is said on the bus reaches the handlers, in order; what is not wanted does not."""

import datetime
import re
import threading
import time
import uuid

import msgspec
from oslo_config import cfg
import oslo_messaging
import pytest

from cleanupd.conf import settings
from cleanupd.rpc import transport
from cleanupd.service import listener
from cleanupd.services.base import notification
from tests.unit.service import stage


class Handler(notification.NotificationHandler):
    """Remembers what it heard."""

    PUBLISHER_ID = "^compute"
    model_collector = None

    def __init__(self):
        """Have heard nothing."""
        self.heard = []

    def handle(self, message):
        """Remember the message."""
        self.heard.append(message)


@pytest.fixture
def conf():
    """Give options of a bus in memory."""
    found = cfg.ConfigOpts()
    found([], project="cleanupd")
    transport.register_opts(found)
    found.set_override("transport_url", "fake://")
    return found


@pytest.fixture
def source():
    """Give a source of its own on the bus, which is the process's."""
    name = uuid.uuid4().hex
    return settings.Notifications(
        exchanges=(f"nova-{name}",), topics=("notifications",), queue=f"cleanupd-{name}.info"
    )


@pytest.fixture
def handler():
    """Give a handler of what computes say."""
    return Handler()


def raw(event_type="instance.update", publisher_id="compute.one", **more):
    """Return a message as oslo.messaging hands it over."""
    metadata = {"message_id": "m", "timestamp": "2026-11-21 07:49:34.123456"}
    return {
        "publisher_id": publisher_id,
        "event_type": event_type,
        "payload": {"a": 1},
        "metadata": metadata,
        **more,
    }


def tell(conf, exchange, number):
    """Have a compute tell something."""
    target = oslo_messaging.Target(topic="notifications.info", exchange=exchange)
    sent = {"priority": "INFO", "message_id": "m", "timestamp": "2026-11-21 07:49:34.123456"}
    message = raw(payload={"number": number}, **sent)
    bus = oslo_messaging.get_notification_transport(conf)
    bus._send_notification(target, {}, message, version=2.0)  # noqa: SLF001 - as a service would


def test_messages_come_in_the_order_of_the_bus(conf, source, handler):
    """A hundred messages arrive one after the other, each once."""
    manager = notification.NotificationHandlerManager([handler])
    listening = listener.NotificationListener(conf, source, manager, list, pulse_s=0.2)
    listening.start()
    assert listening.why_deaf is None
    for number in range(100):
        tell(conf, source.exchanges[0], number)
    stage.wait_until(lambda: len(handler.heard) == 100)
    assert listening.why_stuck() is None
    listening.stop()
    listening.wait()
    assert [message.payload["number"] for message in handler.heard] == list(range(100))
    assert listening.why_stuck()
    assert listening.gaps == 0


def test_its_own_pulses_prove_that_it_hears(conf, source):
    """They come back by its queue, and are no message of anybody."""
    manager = notification.NotificationHandlerManager()
    listening = listener.NotificationListener(conf, source, manager, list, pulse_s=0.1)
    listening.start()
    stage.wait_until(lambda: not listening.why_deaf)
    time.sleep(1)  # longer than its patience
    assert listening.why_deaf is None
    listening.stop()
    listening.wait()
    assert manager.counts == notification.Counts()


def test_a_message_has_its_senders_time(handler):
    """Times of oslo.messaging have no zone and are in UTC."""
    endpoint = listener.EventsNotificationEndpoint(
        notification.NotificationHandlerManager([handler])
    )
    endpoint.info([raw()])
    [heard] = handler.heard
    assert heard.sent_at == datetime.datetime(2026, 11, 21, 7, 49, 34, 123456, datetime.UTC)


def test_filters_leave_messages_aside(handler):
    """What no filter finds is counted and not dispatched."""
    manager = notification.NotificationHandlerManager([handler])
    endpoint = listener.EventsNotificationEndpoint(
        manager, [re.compile("^compute")], [re.compile(r"\.end$")]
    )
    endpoint.info([raw(), raw("instance.create.end"), raw("x.end", publisher_id="volume.one")])
    assert [message.event_type for message in handler.heard] == ["instance.create.end"]
    assert endpoint.filtered == 2


def test_a_large_batch_is_a_crowd():
    """Behind it more wait; behind less there is nobody."""
    crowds = []
    manager = notification.NotificationHandlerManager()
    endpoint = listener.EventsNotificationEndpoint(manager, on_crowd=lambda: crowds.append(1))
    endpoint.info([raw()] * (listener.CROWD - 1))
    assert crowds == []
    endpoint.info([raw()] * listener.CROWD)
    assert crowds == [1]


class Counting(listener.NotificationListener):
    """Counts its pulses."""

    pulses = 0

    def _beat(self):
        """Count."""
        super()._beat()
        self.pulses += 1


def test_pulses_are_among_a_crowd(conf, source):
    """More of them than else, but not one for each batch."""
    manager = notification.NotificationHandlerManager()
    listening = Counting(conf, source, manager, list, pulse_s=60.0)
    listening.start()
    stage.wait_until(lambda: listening.pulses == 1)
    until = time.monotonic() + 3 * listener.HASTE_S
    while time.monotonic() < until:
        listening.endpoint.info([raw()] * listener.CROWD)
    stage.wait_until(lambda: listening.pulses > 1)
    listening.stop()
    listening.wait()
    assert listening.pulses <= 2 + 3
    assert listening.gaps == 0


def test_a_message_without_form_costs_no_other(handler):
    """It is counted, and the next one is heard."""
    endpoint = listener.EventsNotificationEndpoint(
        notification.NotificationHandlerManager([handler])
    )
    endpoint.error([{}, raw(metadata={"timestamp": "yesterday"}), raw()])
    assert endpoint.malformed == 2
    assert len(handler.heard) == 1


class Unlucky(listener.NotificationListener):
    """Its queue is gone before it is read for the first time, as if somebody had deleted it."""

    tries = 0

    def _make_server(self, bus):
        """Read another queue, the first time."""
        there, self.tries = self._source, self.tries + 1
        if self.tries == 1:
            self._source = msgspec.structs.replace(there, queue=f"no-{there.queue}")
        server = super()._make_server(bus)
        self._source = there
        return server


def test_a_queue_that_is_never_heard_is_made_anew(conf, source, handler):
    """It notices that nothing comes back, begins again, and has the cloud listed."""
    manager = notification.NotificationHandlerManager([handler])
    listed = threading.Event()
    listening = Unlucky(conf, source, manager, listed.set, pulse_s=0.1)
    listening.start()
    assert listed.wait(10)
    tell(conf, source.exchanges[0], 1)
    stage.wait_until(lambda: handler.heard)
    assert (listening.tries, listening.why_deaf) == (2, None)
    listening.stop()
    listening.wait()


def test_without_a_broker_it_is_deaf_and_says_so(conf, source):
    """It says why, and can be stopped at any time."""
    conf.set_override("transport_url", "rabbit://127.0.0.1:1/")
    manager = notification.NotificationHandlerManager()
    listening = listener.NotificationListener(conf, source, manager, list, pulse_s=0.05)
    listening.start()
    assert "Connection refused" in listening.why_deaf
    assert listening.why_stuck() is None
    listening.stop()
    listening.wait()


def test_notifications_can_have_a_bus_of_their_own(conf, source):
    """Its option goes before that of RPC."""
    conf.set_override(
        "transport_url", "rabbit://127.0.0.1:1/", group="oslo_messaging_notifications"
    )
    manager = notification.NotificationHandlerManager()
    listening = listener.NotificationListener(conf, source, manager, list, pulse_s=0.05)
    listening.start()
    assert "127.0.0.1:1" in listening.why_deaf
    listening.stop()
    listening.wait()
