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
"""The listener on a real RabbitMQ, which stops, starts, drops and refuses."""

import json
import threading
import time
import uuid

import kombu
from oslo_config import cfg
import pytest

from cleanupd.conf import settings
from cleanupd.rpc import transport
from cleanupd.service import listener
from cleanupd.services.base import notification
from tests.functional import daemon_process
from tests.sandbox import box
from tests.sandbox import broker as brokers
from tests.unit.service import stage

PULSE_S = 0.3
TOPICS = ("notifications", "versioned_notifications")
BACKLOG = 50_000
BURST = 20_000


class Handler(notification.NotificationHandler):
    """Remembers the numbers that it heard, and can be held up, or slow."""

    PUBLISHER_ID = ""
    model_collector = None

    def __init__(self):
        """Have heard nothing."""
        self.heard = []
        self.pause_s = 0.0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def handle(self, message):
        """Remember the number of the message."""
        self.goes_on.wait()
        time.sleep(self.pause_s)
        self.heard.append(message.payload["number"])


class Ears:
    """A listener with an exchange and a queue of its own, and what it does."""

    def __init__(self, url, source, pulse_s, options):
        """Listen as soon as there is a broker."""
        conf = cfg.ConfigOpts()
        conf([], project="cleanupd")
        transport.register_opts(conf)
        conf.set_override("transport_url", url)
        for name, value in options.items():
            conf.set_override(name, value, group="oslo_messaging_rabbit")
        self.handler = Handler()
        self.pulse_s = pulse_s
        self.resynchronized = 0
        manager = notification.NotificationHandlerManager([self.handler])
        self.listener = listener.NotificationListener(
            conf, source, manager, self._resynchronize, pulse_s=pulse_s
        )
        self.listener.start()

    def _resynchronize(self):
        self.resynchronized += 1

    def wait_for(self, numbers, seconds=30.0):
        """Return when it has heard exactly these, in this order."""
        stage.wait_until(lambda: len(self.handler.heard) >= len(numbers), seconds)
        assert self.handler.heard == list(numbers)

    def rest(self, pulses):
        """Return when so many pulses more must have come back."""
        time.sleep(pulses * self.pulse_s)
        stage.wait_until(lambda: self.listener.why_deaf is None)

    def stop(self):
        """Hear nothing more."""
        self.handler.goes_on.set()
        self.listener.stop()
        self.listener.wait()


class Bus:
    """A broker, and listeners and senders on it."""

    def __init__(self, broker):
        """Have nobody on it."""
        self.broker = broker
        self.name = uuid.uuid4().hex[:8]
        self.started = []
        self.queues = set()

    def listen(self, *, pool="cleanupd", url=None, pulse_s=PULSE_S, count=1, **options):
        """Return a listener that has begun; listeners of the same pool share a queue."""
        source = settings.Notifications(
            exchanges=tuple(self.exchange(number) for number in range(count)),
            topics=TOPICS,
            queue=f"{pool}-{self.name}.info",
        )
        self.queues.add(source.queue)
        self.started.append(Ears(url or self.broker.url, source, pulse_s, options))
        return self.started[-1]

    def exchange(self, number=0):
        """Return the name of an exchange."""
        return f"exchange-{number}-{self.name}"

    def send(self, numbers, *, exchange=0, topic=TOPICS[0]):
        """Send messages as a service does."""
        with self.broker.connect() as connection:
            place = kombu.Exchange(self.exchange(exchange), "topic", durable=False)
            sender = kombu.Producer(connection, place, routing_key=f"{topic}.info")
            for number in numbers:
                sender.publish(envelope(number))

    def delete_queue(self):
        """Take its queue away from a listener, as a broker's node does that dies."""
        (queue,) = self.queues
        with self.broker.connect() as connection:
            connection.channel().queue_delete(queue)

    def close(self):
        """Leave nobody and nothing on it."""
        for ears in self.started:
            ears.stop()
        with self.broker.connect() as connection:
            for queue in self.queues:
                connection.channel().queue_delete(queue)


def envelope(number):
    """Return a message in the envelope of oslo.messaging 2.0."""
    message = {
        "message_id": uuid.uuid4().hex,
        "publisher_id": "compute.one",
        "event_type": "instance.update",
        "priority": "INFO",
        "payload": {"number": number},
        "timestamp": "2026-11-21 07:49:34.123456",
        "_unique_id": uuid.uuid4().hex,
    }
    return {"oslo.version": "2.0", "oslo.message": json.dumps(message)}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """Give a broker of the tests' own."""
    found = brokers.Broker(tmp_path_factory.mktemp("rabbitmq"))
    try:
        found.start()
        yield found
    finally:
        found.close()


@pytest.fixture
def bus(broker):
    """Give a bus that nobody else is on."""
    found = Bus(broker)
    yield found
    found.close()


def test_it_hears_every_exchange_and_topic(bus):
    """There is one queue for all of them."""
    ears = bus.listen(count=3)
    assert ears.listener.why_deaf is None
    for exchange in range(3):
        for topic in TOPICS:
            bus.send([(exchange, topic)], exchange=exchange, topic=topic)
    ears.wait_for([[exchange, topic] for exchange in range(3) for topic in TOPICS])


def test_another_pool_loses_nothing(bus):
    """Each of them gets every message."""
    one, other = bus.listen(), bus.listen(pool="ceilometer")
    bus.send(range(100))
    one.wait_for(range(100))
    other.wait_for(range(100))


def test_pulses_make_no_queue_but_its_own(bus):
    """Whoever looks at the broker finds what the documentation names, and nothing else."""
    before = bus.broker.queues()
    ears = bus.listen()
    ears.rest(5)
    assert bus.broker.queues() - before == {f"cleanupd-{bus.name}.info"}
    ears.stop()
    assert bus.broker.queues() - before == {f"cleanupd-{bus.name}.info"}


def test_what_was_sent_while_it_was_away_is_heard(bus):
    """The queue stays; what an earlier process left in it is no gap."""
    bus.listen().stop()
    bus.send(range(10))
    ears = bus.listen()
    ears.wait_for(range(10))
    ears.rest(5)
    assert ears.listener.gaps == 0


def test_a_broker_that_was_away_costs_one_listing(bus):
    """Why nothing is heard is told meanwhile; then it hears again by itself."""
    ears = bus.listen()
    bus.broker.stop()
    try:
        stage.wait_until(lambda: "Connection refused" in (ears.listener.why_deaf or ""))
        assert ears.resynchronized == 0
    finally:
        bus.broker.start()
    stage.wait_until(lambda: ears.resynchronized, 30)
    assert ears.listener.why_deaf is None
    bus.send(range(10))
    ears.wait_for(range(10))
    ears.rest(listener.REST)
    assert ears.resynchronized == 1


def test_it_can_start_before_the_broker(bus):
    """It is deaf until there is one, and then the cloud is listed."""
    bus.broker.stop()
    try:
        ears = bus.listen()
        assert "Connection refused" in ears.listener.why_deaf
    finally:
        bus.broker.start()
    stage.wait_until(lambda: ears.resynchronized == 1)
    bus.send(range(10))
    ears.wait_for(range(10))


def test_it_can_stop_while_the_broker_is_away(bus):
    """It does not wait until there is one."""
    ears = bus.listen()
    bus.broker.stop()
    try:
        stage.wait_until(lambda: ears.listener.why_deaf)
        began = time.monotonic()
        ears.stop()
        assert time.monotonic() - began < listener.PATIENCE_S
        assert ears.listener.why_stuck()
    finally:
        bus.broker.start()


def test_a_queue_that_was_lost_costs_a_listing(bus):
    """It is made anew before a pulse could be missing."""
    ears = bus.listen(pulse_s=4.0)
    bus.send([0])
    ears.wait_for([0])
    time.sleep(0.5)  # the first pulse has come back, and the next one is far
    bus.delete_queue()
    stage.wait_until(lambda: ears.resynchronized)
    assert ears.listener.why_deaf is None
    bus.send(range(1, 10))
    ears.wait_for(range(10))
    assert ears.resynchronized == 1


def test_gaps_one_after_the_other_cost_few_listings(bus):
    """What was missed is made up for, but the cloud is not listed all the time."""
    ears = bus.listen(pulse_s=0.5)
    bus.delete_queue()
    stage.wait_until(lambda: ears.resynchronized == 1, 30)
    bus.delete_queue()
    stage.wait_until(lambda: ears.listener.gaps == 2)
    ears.rest(2)
    assert ears.resynchronized == 1
    stage.wait_until(lambda: ears.resynchronized == 2)
    ears.rest(listener.REST)
    assert ears.resynchronized == 2


def test_a_queue_that_overflowed_costs_a_listing(bus):
    """The broker drops the oldest messages, pulses among them, and tells nobody."""
    ears = bus.listen(pool=brokers.SHORT, pulse_s=1.0, rabbit_qos_prefetch_count=5)
    bus.send([0])
    ears.wait_for([0])
    ears.handler.goes_on.clear()
    bus.send(range(10 * brokers.SHORT_LENGTH))
    time.sleep(1.2)  # a pulse comes after them, and is lost with what comes next
    bus.send(range(10 * brokers.SHORT_LENGTH))
    ears.handler.goes_on.set()  # before it takes the silence for deafness
    stage.wait_until(lambda: ears.resynchronized)
    assert len(ears.handler.heard) < 3 * brokers.SHORT_LENGTH
    ears.rest(listener.REST)
    assert ears.resynchronized == 1


def test_a_burst_that_overflowed_costs_a_listing(bus):
    """Though no pulse was due while it came."""
    # The broker holds back what is beyond two batches, and the handler is far slower than it.
    prefetch = 2 * listener.BATCH_SIZE
    ears = bus.listen(pool=brokers.SHORT, pulse_s=20.0, rabbit_qos_prefetch_count=prefetch)
    ears.handler.pause_s = 0.01
    bus.send(range(BURST))
    stage.wait_until(lambda: ears.resynchronized, 90)
    assert len(ears.handler.heard) < BURST


def test_a_long_backlog_is_no_deafness(bus):
    """As long as something comes it hears; all of it comes, in order, without a listing."""
    bus.listen().stop()
    bus.send(range(BACKLOG))
    # Its patience is shorter than the time that all of it takes.
    ears = bus.listen(pulse_s=1.0)
    until = time.monotonic() + 120
    while len(ears.handler.heard) < BACKLOG:
        assert ears.listener.why_deaf is None
        assert time.monotonic() < until
        time.sleep(0.05)
    assert ears.handler.heard == list(range(BACKLOG))
    ears.rest(5)
    assert ears.listener.gaps == 0


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"guest:guest": "guest:guess"}, "ACCESS_REFUSED"),
        ({"/": "/nowhere"}, "vhost nowhere not found"),
    ],
)
def test_a_bus_that_refuses_is_told_and_costs_nothing_else(bus, tmp_path, broken, expected):
    """The daemon lists the cloud, says what to check, and ends when it is asked to."""
    url = bus.broker.url.replace("guest:guest", broken.get("guest:guest", "guest:guest"))
    url = url.removesuffix("/") + broken.get("/", "/")
    assert expected in bus.listen(url=url).listener.why_deaf
    daemon = daemon_process.DaemonProcess(tmp_path, "http://127.0.0.1:1")
    daemon.environment = box.read_environment()
    daemon.file.write_text(
        f"[DEFAULT]\ntransport_url = {url}\nstate_path = {tmp_path}/state\n"
        "[cloud]\nname = admin\n[rpc]\nenabled = false\n"
    )
    try:
        daemon.start()
        daemon.wait_for("The bus cannot be heard, listings go on: ")
        daemon.wait_for("Job sync_network: ")
        assert expected in daemon.log
        assert "Traceback" not in daemon.log
        assert daemon.stop() == 0
    finally:
        daemon.end()
