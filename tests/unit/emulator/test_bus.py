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
"""The bus: order, faults, and its way through oslo.messaging."""

from collections.abc import Iterator
import queue
import threading
from typing import Any
import uuid

from oslo_config import cfg
import oslo_messaging
import pytest

from tests import emulator
from tests.emulator import bus
from tests.emulator import faults
from tests.emulator import messaging

VERSIONED = {"nova_object.name": "InstanceActionPayload", "nova_object.data": {"uuid": "x"}}


@pytest.fixture
def heard(cloud: emulator.Cloud) -> list[bus.Message]:
    """What the bus of the cloud says."""
    messages: list[bus.Message] = []
    cloud.bus.listen(messages.append)
    return messages


def say(cloud: emulator.Cloud, *events: str, exchange: str = "nova") -> None:
    """The service says that these things happened."""
    for event in events:
        cloud.bus.emit(exchange, "compute.cmp1", event, lambda: {"a": 1})


def types(heard: list[bus.Message]) -> list[str]:
    """The event types of the messages."""
    return [message.event_type for message in heard]


def test_order(cloud: emulator.Cloud, heard: list[bus.Message]) -> None:
    """Messages come in the order in which things happen."""
    say(cloud, "a", "b", "c")
    assert types(heard) == ["a", "b", "c"]
    assert heard[0] == bus.Message("nova", "compute.cmp1", "a", {"a": 1})


def test_nobody_listens(cloud: emulator.Cloud) -> None:
    """Without listeners no message is built, and no fault used up."""
    cloud.faults.add(faults.EventFault("a", faults.LOST))
    assert not cloud.bus.is_heard
    cloud.bus.emit("nova", "x", "a", lambda: pytest.fail("was built"))
    assert len(cloud.faults.pending()) == 1


def test_lost(cloud: emulator.Cloud, heard: list[bus.Message]) -> None:
    """A lost message is not sent; the others are."""
    cloud.faults.add(faults.EventFault("^b$", faults.LOST))
    say(cloud, "a", "b", "b", "c")
    assert types(heard) == ["a", "b", "c"]


def test_duplicated(cloud: emulator.Cloud, heard: list[bus.Message]) -> None:
    """A doubled message comes twice."""
    cloud.faults.add(faults.EventFault("b", faults.DUPLICATED))
    say(cloud, "a", "b", "c")
    assert types(heard) == ["a", "b", "b", "c"]


def test_reordered(cloud: emulator.Cloud, heard: list[bus.Message]) -> None:
    """A message that is overtaken comes after the next one."""
    cloud.faults.add(faults.EventFault("a|b", faults.REORDERED, times=2))
    say(cloud, "a", "b", "c", "d")
    assert types(heard) == ["c", "a", "b", "d"]


def test_reordered_last(cloud: emulator.Cloud, heard: list[bus.Message]) -> None:
    """If nothing else happens, it comes a second later."""
    cloud.faults.add(faults.EventFault("a", faults.REORDERED))
    say(cloud, "a")
    assert heard == []
    cloud.clock.advance(faults.datetime.timedelta(seconds=2))
    with cloud.locked():
        assert types(heard) == ["a"]


def test_seed(cloud: emulator.Cloud) -> None:
    """The same seed loses the same messages."""
    found = []
    for _ in range(2):
        again, heard = emulator.Cloud(seed=3), list[bus.Message]()
        again.bus.listen(heard.append)
        again.faults.add(faults.EventFault("", faults.LOST, times=None, probability=0.5))
        say(again, *map(str, range(40)))
        found.append(types(heard))
    assert found[0] == found[1]
    assert 5 < len(found[0]) < 35


def test_topics() -> None:
    """Nova's versioned messages have a topic of their own."""
    message = bus.Message("nova", "nova-compute:cmp1", "instance.delete.end", VERSIONED)
    assert message.topic == "versioned_notifications"
    assert bus.Message("nova", "x", "y", {}).topic == "notifications"


class Endpoint:
    """Collects what a real listener gets, on each priority's queue."""

    def __init__(self) -> None:
        self.got: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()

    def info(self, _context: Any, publisher: str, event: str, payload: Any, _meta: Any) -> None:
        """A message of priority INFO came."""
        self.got.put(("INFO", publisher, event, payload, threading.current_thread().name))

    def error(self, _context: Any, publisher: str, event: str, payload: Any, _meta: Any) -> None:
        """A message of priority ERROR came."""
        self.got.put(("ERROR", publisher, event, payload, threading.current_thread().name))


@pytest.fixture
def exchange() -> str:
    """An exchange that nobody else uses."""
    return f"nova-{uuid.uuid4().hex}"


@pytest.fixture
def endpoint(exchange: str) -> Iterator[Endpoint]:
    """What a listener of oslo.messaging on the exchange collects."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    transport = oslo_messaging.get_notification_transport(conf, "fake://")
    topics = ("notifications", "versioned_notifications")
    targets = [oslo_messaging.Target(exchange=exchange, topic=topic) for topic in topics]
    collecting = Endpoint()
    listener = oslo_messaging.get_notification_listener(
        transport, targets, [collecting], executor="threading"
    )
    listener.start()
    yield collecting
    listener.stop()
    listener.wait()


def test_over_oslo_messaging(cloud: emulator.Cloud, endpoint: Endpoint, exchange: str) -> None:
    """A real listener hears of each service on its exchange: who, what, how grave, in order."""
    with messaging.sending(cloud.bus, "fake://"):
        say(cloud, "a", "b", exchange=exchange)
        say(cloud, "unheard", exchange="another")
        cloud.bus.emit(exchange, "nova-compute:cmp1", "v", lambda: VERSIONED)
        cloud.bus.emit(exchange, "x", "e", lambda: {"reason": "y"}, priority="ERROR")
        got = [endpoint.got.get(timeout=10)[:4] for _ in range(4)]
    assert [one for one in got if one[2] in {"a", "b"}] == [
        ("INFO", "compute.cmp1", "a", {"a": 1}),
        ("INFO", "compute.cmp1", "b", {"a": 1}),
    ]
    assert ("INFO", "nova-compute:cmp1", "v", VERSIONED) in got
    assert ("ERROR", "x", "e", {"reason": "y"}) in got


def test_bad_message_is_not_the_last(
    cloud: emulator.Cloud, endpoint: Endpoint, exchange: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What can't be sent is logged, and the next is sent."""
    with messaging.sending(cloud.bus, "fake://"):
        cloud.bus.emit(exchange, "x", "bad", lambda: {"a": object()})
        cloud.bus.emit(exchange, "x", "worse", dict, priority="DANCE")
        say(cloud, "good", exchange=exchange)
        assert endpoint.got.get(timeout=10)[2] == "good"
    assert "Could not send notification" in caplog.text
    assert "worse was not sent" in caplog.text


@pytest.mark.parametrize("url", ["nonsense", "dance://here"])
def test_wrong_url(url: str) -> None:
    """A transport URL that is none is refused at once."""
    with pytest.raises(ValueError, match=r"dance|scheme"):
        messaging.Sender(url)


def test_said_without_a_request(cloud: emulator.Cloud) -> None:
    """While somebody listens, a running cloud says what is due though nobody asks."""
    happened = threading.Event()
    cloud.bus.listen(lambda _: happened.set())
    with emulator.running(cloud):
        with cloud.locked():
            cloud.clock.later(0.05, lambda: say(cloud, "late"))
        assert happened.wait(10)
