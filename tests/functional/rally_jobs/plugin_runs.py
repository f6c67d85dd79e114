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
"""Runs the scenarios of a generated plugin with fakes; run by the interpreter of a real Rally.

The arguments are a folder of plugins and the scenarios' names with their arguments
as JSON. Says on stdout, as JSON, which actions each scenario timed at the top.
Clients are fakes that remember what was made; a resource is at once what it is to be.
"""

import importlib.util
import json
import os
import pathlib
import sys
from typing import Any

from keystoneauth1 import exceptions as keystone_exceptions
from rally import plugins
from rally.common import cfg
from rally.task import scenario

TASK = {"uuid": "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"}


class NotFound(Exception):
    """What a client raises for what is gone."""

    code = 404


class Resource:
    """Anything that a service makes."""

    def __init__(self, manager: "Manager", name: str) -> None:
        self.manager = manager
        self.id = self.uuid = self.name = name
        self.status = manager.status
        self.provision_state = "available"
        self.power_state = "power off"
        self.target_provision_state = self.target_power_state = None

    def delete(self) -> None:
        """Be gone."""
        self.manager.delete(self)


class Manager:
    """Makes, finds and removes resources of one kind."""

    def __init__(self, status: str = "ACTIVE") -> None:
        self.status = status
        self.made: dict[str, Resource] = {}

    def create(self, *given: Any, **named: Any) -> Resource:
        """Make one."""
        made = Resource(self, named.get("name") or given[0])
        self.made[made.id] = made
        return made

    def get(self, key: str) -> Resource:
        """Find one."""
        if key not in self.made:
            raise NotFound
        return self.made[key]

    def list(self) -> list[Resource]:
        """Find all."""
        return list(self.made.values())

    def delete(self, one: Any) -> None:
        """Remove one."""
        del self.made[getattr(one, "id", one)]

    def set_power_state(self, key: str, verb: str) -> None:
        """Change the power of a node."""
        self.made[key].power_state = "power off" if verb == "off" else "power on"

    def set_provision_state(self, key: str, verb: str) -> None:
        """Change where a node is in its life."""
        self.made[key].provision_state = {"manage": "manageable", "provide": "available"}[verb]

    def validate(self, template: str) -> dict[str, str]:
        """Find a template valid that is a text."""
        return {"Description": template[:10]}


class Users:
    """Users that nobody may list."""

    def list(self) -> None:
        """Refuse."""
        raise keystone_exceptions.Forbidden


class Client:
    """Whatever client is asked for."""

    def __init__(self) -> None:
        self.node = self.stacks = Manager()
        self.instances, self.backups = Manager(), Manager("COMPLETED")
        self.users = Users()
        self._queues, self._subscriptions = Manager(), Manager()

    def queue(self, name: str) -> Resource:
        """Make a queue."""
        return self._queues.create(name)

    def subscription(self, name: str, **_given: Any) -> Resource:
        """Make a subscription."""
        return self._subscriptions.create(name)

    def subscriptions(self, _name: str) -> list[Resource]:
        """Find all subscriptions."""
        return self._subscriptions.list()

    @property
    def left(self) -> int:
        """How much is there."""
        every = (self.node, self.instances, self.backups, self._queues, self._subscriptions)
        return sum(len(one.made) for one in every)


class Clients:
    """Clients of all services, one for the user and the administrator."""

    def __init__(self) -> None:
        self.client = Client()

    def __getattr__(self, _name: str) -> Any:
        return lambda: self.client


def run(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a scenario, and return its actions and how much it left."""
    clients = Clients()
    context = {"task": TASK, "tenant": {"networks": [{"id": "net"}]}, "owner_id": TASK["uuid"]}
    made = scenario.Scenario.get(name)(context, admin_clients=clients, clients=clients)
    made.sleep_between = lambda *_given: None
    made.run(**arguments)
    actions = [action["name"] for action in made.atomic_actions()]
    return {"actions": actions, "left": clients.client.left}


def main() -> None:
    """Import the plugins and run what the second argument names."""
    plugins.load()
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    cfg.CONF.set_override("ironic_node_poll_interval", 0.0, "openstack")
    wanted = json.loads(sys.argv[2])
    json.dump({name: run(name, given) for name, given in wanted.items()}, sys.stdout)
    sys.stdout.flush()
    # Rally's plugins leave threads behind that would be waited for.
    os._exit(0)


if __name__ == "__main__":
    main()
