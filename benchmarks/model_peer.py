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
"""The program that measures Watcher's model of Nova: a worker of benchmarks.model.

Only the environment of python-watcher can run it. Its helpers for Nova and Placement are replaced
by ones that answer at once, and what it takes to make their answers is not counted; all else is
Watcher's own.
"""

import json
import logging
import threading
import time
from typing import Any

from openstack.compute.v2 import server as sdk
from watcher.common import nova_helper
from watcher.common import placement_helper
from watcher.decision_engine.model.collector import nova as collector
from watcher.decision_engine.model.notification import nova as notification

from benchmarks import model_worker
from benchmarks import model_world

Answer = model_worker.Answer

MICRO = 1_000_000
#: So many servers of openstacksdk are made, which takes milliseconds for each.
SAMPLE = 300
PACE_S = 0.01
#: A sync that gets on no more while models are taken is not waited for any longer.
PATIENCE_S = 60.0
GIB, MIB = 100, 65536


class Nova:
    """What Watcher asks of Nova, and how often."""

    world = model_world.World(1)
    asked = 0
    spent_s = 0.0
    _lock = threading.Lock()

    def __init__(self, *_: object, **__: object) -> None:
        """Need no connection."""

    def _count(self, requests: int, begun: float) -> None:
        with Nova._lock:
            Nova.asked += requests
            Nova.spent_s += time.thread_time() - begun

    def _hypervisor(self, number: int) -> nova_helper.Hypervisor:
        body = self.world.hypervisor(number)
        on_it = range(number, self.world.servers, self.world.hosts)
        return nova_helper.Hypervisor(
            uuid=body["id"],
            hypervisor_hostname=body["hypervisor_hostname"],
            hypervisor_type=body["hypervisor_type"],
            state=body["state"],
            status=body["status"],
            vcpus=64,
            vcpus_used=0,
            memory_mb=MIB,
            memory_mb_used=0,
            local_gb=GIB,
            local_gb_used=0,
            service_host=body["service"]["host"],
            service_id=body["service"]["id"],
            service_disabled_reason=None,
            servers=[{"uuid": self.world.server_id(one)} for one in on_it],
        )

    def get_compute_node_list(self) -> list[nova_helper.Hypervisor]:
        """Return all nodes."""
        begun = time.thread_time()
        found = [self._hypervisor(number) for number in range(self.world.hosts)]
        pages = -(-self.world.hosts // model_world.PAGE_SIZE)
        self._count(pages, begun)
        return found

    def get_compute_node_by_name(self, name: str, **_: object) -> list[nova_helper.Hypervisor]:
        """Return a node."""
        begun = time.thread_time()
        found = [self._hypervisor(_number_of(name))]
        self._count(1, begun)
        return found

    def get_instance_list(self, filters: dict[str, str], limit: int) -> list[nova_helper.Server]:
        """Return the servers of a node; openstacksdk asks for a page more after a full one."""
        begun = time.thread_time()
        numbers = range(_number_of(filters["host"]), self.world.servers, self.world.hosts)
        found = [_make_server(self.world.server(number)) for number in numbers]
        self._count(2 if limit == len(found) else 1, begun)
        return found


class Placement:
    """What Watcher asks of Placement."""

    def __init__(self, *_: object, **__: object) -> None:
        """Need no connection."""

    def get_inventories(self, _: str) -> None:
        """Return that there is none."""
        with Nova._lock:  # noqa: SLF001 - one count for both
            Nova.asked += 1


def _number_of(host: str) -> int:
    return int(host[len("compute-") :][:5])


def _make_server(body: model_world.Body) -> nova_helper.Server:
    return nova_helper.Server(
        uuid=body["id"],
        name=body["name"],
        created=body["created"],
        host=body["OS-EXT-SRV-ATTR:host"],
        vm_state=body["OS-EXT-STS:vm_state"],
        task_state=None,
        power_state=1,
        status=body["status"],
        flavor=body["flavor"],
        tenant_id=body["tenant_id"],
        locked=False,
        metadata={},
        availability_zone=body["OS-EXT-AZ:availability_zone"],
        pinned_availability_zone=None,
        image=body["image"]["id"] if body["image"] else None,
        hypervisor_hostname=body["OS-EXT-SRV-ATTR:hypervisor_hostname"],
    )


class Ground:
    """Watcher's collector over a world, and those who ask it."""

    def __init__(self, servers: int) -> None:
        self.world = Nova.world = model_world.World(servers)
        nova_helper.NovaHelper = Nova
        placement_helper.PlacementHelper = Placement
        self.collector = collector.NovaClusterDataModelCollector(config=None, osc=object())
        # Nothing is built before an audit has asked; this one asks for everything.
        self.collector.get_audit_scope_handler([])
        self.endpoint = notification.VersionedNotification(self.collector)
        self._turn = 0

    def synchronize(self) -> Answer:
        """Synchronize: CPU for each server, from the bytes of pages, requests, memory."""
        before = model_worker.resident()
        asked, made_s = Nova.asked, Nova.spent_s
        begun = time.process_time()
        self.collector.synchronize()
        spent_s = time.process_time() - begun - (Nova.spent_s - made_s)
        found = len(self.collector.cluster_data_model.get_all_instances())
        if found != self.world.servers:
            raise RuntimeError(f"the model has {found} servers")
        return {
            "cpu_us": spent_s / self.world.servers * MICRO + self._decode(),
            "requests": Nova.asked - asked,
            "bytes": (model_worker.resident() - before) / self.world.servers,
        }

    def _decode(self) -> float:
        """Return how long it takes, for each server, until Watcher has it from a page."""
        page = model_world.World(SAMPLE).page_of_servers(0)

        def decode() -> None:
            for body in json.loads(page)["servers"]:
                nova_helper.Server.from_openstacksdk(sdk.Server.existing(**body))

        return model_worker.spend(decode) / SAMPLE * MICRO

    def update(self, count: int) -> Answer:
        """Take messages about so many servers; return how many each CPU second."""
        self._turn += 1
        told = self.world.updates(count, self._turn)
        spent_s = sum(model_worker.spend(lambda one=one: self._take(one)) for one in told)
        return {"each_cpu_second": count / spent_s}

    def _take(self, message: model_world.Body) -> None:
        self.endpoint.info(
            message["ctxt"],
            message["publisher_id"],
            message["event_type"],
            message["payload"],
            message["metadata"],
        )

    def ask(self) -> Answer:
        """Return the CPU of questions: all that is known, a host, a pattern of names."""
        model = self.collector.cluster_data_model
        host = self.world.host(self.world.hosts // 2)
        part = self.world.name(self.world.servers // 2 // 2 * 2)[8:16]

        def find_named() -> list[Any]:
            return [one for one in model.get_all_instances().values() if part in one.name]

        each = model_worker.spend_each
        return {
            "latest_us": each(self.collector.get_latest_cluster_data_model) * MICRO,
            "node_us": each(lambda: model.get_node_by_name(host)) * MICRO,
            "named_us": each(find_named) * MICRO,
            "named": len(find_named()),
        }

    def wait(self) -> Answer:
        """Return how long an event waited, at most, while models are taken and a sync runs."""
        is_over = threading.Event()
        sync = threading.Thread(target=self.collector.synchronize, daemon=True)
        taking = threading.Thread(target=self._take_models, args=(is_over,), daemon=True)
        waits = model_worker.Waits()
        self._turn += 1
        sync.start()
        taking.start()
        begun = time.perf_counter()
        while sync.is_alive() and time.perf_counter() - begun < PATIENCE_S:
            number = waits.count * 7919 % self.world.servers
            message = self.world.update(number, self._turn, waits.count)
            time.sleep(PACE_S)
            waits.take(lambda message=message: self._take(message))
        is_over.set()
        return waits.answer

    def _take_models(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self.collector.get_latest_cluster_data_model()


def main() -> None:
    """Serve until nobody asks any more."""
    logging.getLogger().setLevel(logging.WARNING)
    model_worker.serve(Ground, ("synchronize", "update", "ask", "wait"))


if __name__ == "__main__":
    main()
