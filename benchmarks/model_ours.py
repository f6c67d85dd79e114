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
"""The program that measures cleanupd's model of Nova: a worker of benchmarks.model.

What is measured is the collector as the daemon has it, with the handler of its messages and the
endpoint that takes them from the bus. Only the cloud is another one: its pages are made, and what
that takes is not counted.
"""

from collections.abc import Callable
import itertools
import json
import re
import threading
import time
import zlib

from benchmarks import model_worker
from benchmarks import model_world
from cleanupd.core import kinds
from cleanupd.core import patterns
from cleanupd.core import resources
from cleanupd.engine import sweep
from cleanupd.service import listener
from cleanupd.service import supervisor
from cleanupd.services.base import notification
from cleanupd.services.base import registry
from cleanupd.services.compute import collector

Answer = model_worker.Answer
Body = model_world.Body

#: Nova lists key pairs by user alone, and the model of Watcher has none.
LEFT_OUT = "compute.keypair"
EMPTY = {
    "/os-server-groups": b'{"server_groups":[]}',
    "/os-aggregates": b'{"aggregates":[]}',
}
MICRO = 1_000_000
#: An event comes so often while it is measured how long events wait.
PACE_S = 0.01
ALONE_S = 3.0
MARKER = re.compile(r"marker=[0-9a-f-]{24}([0-9a-f]{12})")


class PagedCloud:
    """A cloud that has a world's pages, packed, and knows how often it was asked."""

    name, region = "emulated", "RegionOne"

    def __init__(self, world: model_world.World) -> None:
        self.asked = 0
        #: How much CPU it took to answer.
        self.spent_s = 0.0
        self._pages = {
            "/servers": _pack(world.page_of_servers, world.servers),
            "/os-hypervisors": _pack(world.page_of_hypervisors, world.hosts),
        }
        flavors = [
            {"id": str(n), "name": f"m1.flavor-{n}", "os-flavor-access:is_public": True}
            for n in range(model_world.FLAVORS)
        ]
        self._others = EMPTY | {"/flavors": json.dumps({"flavors": flavors}).encode()}

    def visibility(self) -> None:
        """Say that everything is seen."""

    def get(self, service: str, path: str, *, microversion: str | None = None) -> bytes:  # noqa: ARG002
        """Return a page; other threads go on while it is unpacked."""
        begun = time.thread_time()
        self.asked += 1
        place, _, query = path.partition("?")
        place = place.removesuffix("/detail")
        if place in self._pages:
            marker = MARKER.search(query)
            first = int(marker[1], 16) + 1 if marker else 0
            body = zlib.decompress(self._pages[place][first // model_world.PAGE_SIZE])
        else:
            body = self._others[place]
        self.spent_s += time.thread_time() - begun
        return body


def _pack(make: Callable[[int], bytes], count: int) -> list[bytes]:
    return [zlib.compress(make(one), 1) for one in range(0, count, model_world.PAGE_SIZE)]


class Ground:
    """A collector over a world, and those who ask it."""

    def __init__(self, servers: int) -> None:
        self.world = model_world.World(servers)
        self.cloud = PagedCloud(self.world)
        matcher = patterns.Matcher(sweep.Settings().names)

        def find_part(kind: kinds.Kind, record: resources.Resource) -> str | None:
            found = matcher.match(record.name, kind.suffixes)
            return found.part if found else None

        managers, _ = registry.load_managers()
        self.collector = collector.NovaClusterModelCollector(
            self.cloud,
            {k: m for k, m in managers.items() if m.KIND.service == "compute" and k != LEFT_OUT},
            lambda: model_world.LISTED_AT,
            find_part=find_part,
        )
        handlers = [self.collector.notification_handler]
        self.manager = notification.NotificationHandlerManager(handlers)
        self.endpoint = listener.EventsNotificationEndpoint(self.manager)
        #: The round of messages, and how many there were.
        self._turn = self._told = 0
        supervisor.calm()

    def synchronize(self) -> Answer:
        """Synchronize: CPU for each server, from the bytes of the pages, requests, memory."""
        before = model_worker.resident()
        asked, made_s = self.cloud.asked, self.cloud.spent_s
        spent_s = model_worker.spend(self.collector.synchronize) - (self.cloud.spent_s - made_s)
        self._check()
        return {
            "cpu_us": spent_s / self.world.servers * MICRO,
            "requests": self.cloud.asked - asked,
            "bytes": (model_worker.resident() - before) / self.world.servers,
        }

    def _check(self) -> None:
        model = self.collector.cluster_data_model
        doubts = [trust.reason for trust in model.trust.values() if trust.reason]
        if doubts or len(model.roots["compute.server"].records) != self.world.servers:
            raise RuntimeError(f"the model is not that of the cloud: {doubts}")

    def update(self, count: int) -> Answer:
        """Take messages about so many servers; return how many each CPU second."""
        self._turn += 1
        told = self.world.updates(count, self._turn)
        spent_s = 0.0
        # A listener has no more than a batch at a time, either.
        while batch := list(itertools.islice(told, listener.BATCH_SIZE)):
            spent_s += model_worker.spend(lambda batch=batch: self.endpoint.info(batch))
        self._told += count
        counts = self.manager.counts
        if self.collector.touched or counts.handled != self._told:
            raise RuntimeError(f"not all was told: {self.collector.touched} touched, {counts}")
        return {"each_cpu_second": count / spent_s}

    def ask(self) -> Answer:
        """Return the CPU of questions: all that is known, a host, a name part of a workload."""
        model = self.collector.get_latest_cluster_data_model()
        host = self.world.host(self.world.hosts // 2)
        part = self.world.name(self.world.servers // 2 // 2 * 2)[8:16]
        hypervisors = model.roots["compute.hypervisor"]

        def find_node() -> resources.Resource:
            return hypervisors.records[next(iter(hypervisors.hosts[host]))]

        if find_node().host != host or not any(model.of_workload(part)):
            raise RuntimeError(f"{host} or {part} is not known")
        each = model_worker.spend_each
        return {
            "latest_us": each(self.collector.get_latest_cluster_data_model) * MICRO,
            "node_us": each(find_node) * MICRO,
            "named_us": each(lambda: list(model.of_workload(part))) * MICRO,
            "named": len(list(model.of_workload(part))),
        }

    def wait(self) -> Answer:
        """Return how long an event waited, at most, while models are taken and a sync runs."""
        is_over = threading.Event()
        taking = threading.Thread(target=self._take_models, args=(is_over,))
        taking.start()
        found = self._wait(threading.Thread(target=self.collector.synchronize))
        is_over.set()
        taking.join()
        return found

    def wait_alone(self) -> Answer:
        """Return how long an event waited, at most, where nothing else is done."""
        return self._wait(threading.Thread(target=time.sleep, args=(ALONE_S,)))

    def _wait(self, meanwhile: threading.Thread) -> Answer:
        waits = model_worker.Waits()
        self._turn += 1
        meanwhile.start()
        while meanwhile.is_alive():
            number = waits.count * 7919 % self.world.servers
            message = self.world.update(number, self._turn, waits.count)
            time.sleep(PACE_S)
            waits.take(lambda message=message: self.endpoint.info([message]))
        self._told += waits.count
        return waits.answer

    def _take_models(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self.collector.get_latest_cluster_data_model()


def main() -> None:
    """Serve until nobody asks any more."""
    model_worker.serve(Ground, ("synchronize", "update", "ask", "wait", "wait_alone"))


if __name__ == "__main__":
    main()
