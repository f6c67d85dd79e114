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
"""The program that measures how messages come from a real broker: a worker of benchmarks.model.

oslo.messaging's batch listener takes messages that wait already. Once its endpoint does nothing,
once it is cleanupd's, over a model of all servers. What is counted is the CPU of the process from
the end of the first batch to that of the last. The queue is one of its own, and gone afterwards.
"""

from collections.abc import Sequence
import json
import logging
import threading
import time
from typing import Any

from oslo_config import cfg

from benchmarks import model_ours
from benchmarks import model_worker
from benchmarks import model_world
from cleanupd.rpc import transport
from cleanupd.service import listener

# isort: split
# After cleanupd.service, which says that oslo.service is to use threads.
import oslo_messaging

Answer = model_worker.Answer

#: So long is a message, by what is added to its server's metadata.
BODY_SIZE = 5000
PATIENCE_S = 120.0


class Empty:
    """The endpoint that does nothing."""

    def info(self, messages: Sequence[model_world.Body]) -> None:
        """Do nothing."""


class Counting:
    """An endpoint that hands on to another one, and notes when the CPU stood where."""

    def __init__(self, endpoint: Any, count: int) -> None:
        self._endpoint = endpoint
        self._count = count
        self._seen = self._first = 0
        self._begun_s = self.spent_s = 0.0
        self.is_over = threading.Event()

    @property
    def counted(self) -> int:
        """How many messages came after the first batch."""
        return self._seen - self._first

    def info(self, messages: Sequence[model_world.Body]) -> None:
        """Hand a batch on."""
        self._endpoint.info(messages)
        self._seen += len(messages)
        now_s = time.process_time()
        if not self._first:
            self._first, self._begun_s = self._seen, now_s
        if self._seen >= self._count:
            self.spent_s = now_s - self._begun_s
            self.is_over.set()


class Ground(model_ours.Ground):
    """A model with a queue of a real broker."""

    def connect(self, url: str, exchange: str) -> Answer:
        """Connect to a broker; the exchange is one that nobody else has."""
        self._exchange = self._topic = exchange
        self._conf = cfg.ConfigOpts()
        self._conf([], project="cleanupd")
        transport.register_opts(self._conf)
        self._conf.set_override("control_exchange", self._exchange)
        self._transport = oslo_messaging.get_notification_transport(self._conf, url)
        return {}

    def send(self, count: int, topic: str) -> Answer:
        """Have so many messages wait in the queue of a new topic, as Nova sends them."""
        self._topic = topic
        notifier = oslo_messaging.Notifier(
            self._transport,
            publisher_id=model_world.PUBLISHER,
            driver="messagingv2",
            topics=[topic],
        )
        self._turn += 1
        for message in self.world.updates(count, self._turn):
            payload = message["payload"]
            room = BODY_SIZE - len(json.dumps(payload))
            payload["nova_object.data"]["metadata"] = {"filling": "x" * room}
            notifier.info({}, message["event_type"], payload)
        return {}

    def hear_nothing(self, count: int) -> Answer:
        """Take what waits with an endpoint that does nothing."""
        return self._hear(Empty(), count)

    def hear(self, count: int) -> Answer:
        """Take what waits into the model."""
        self.synchronize()
        found = self._hear(self.endpoint, count)
        if self.manager.counts.handled != count or self.collector.touched:
            raise RuntimeError(f"not all was heard: {self.manager.counts}")
        self.manager.counts.handled = 0
        return found

    def _hear(self, endpoint: Any, count: int) -> Answer:
        counting = Counting(endpoint, count)
        server = oslo_messaging.get_batch_notification_listener(
            self._transport,
            [oslo_messaging.Target(topic=self._topic, exchange=self._exchange)],
            [counting],
            executor="threading",
            batch_size=listener.BATCH_SIZE,
            batch_timeout=listener.BATCH_TIMEOUT_S,
        )
        server.start(override_pool_size=1)
        is_heard = counting.is_over.wait(PATIENCE_S)
        server.stop()
        server.wait()
        if not is_heard:
            raise RuntimeError("the broker did not give back all that was sent")
        return {"each_cpu_second": counting.counted / counting.spent_s}


def main() -> None:
    """Serve until nobody asks any more."""
    logging.getLogger().setLevel(logging.ERROR)
    names = ("synchronize", "connect", "send", "hear_nothing", "hear")
    model_worker.serve(Ground, names)


if __name__ == "__main__":
    main()
