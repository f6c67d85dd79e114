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
"""What tests of the compute service share: a network, two flavors, and servers on them."""

import contextlib
import dataclasses
import secrets
import time
from typing import Any

import requests

from tests.contract import callers

V = "2.100"
"""The microversion that tests speak unless they are about another one."""

NOBODY = "00000000-0000-0000-0000-000000000000"
SERVERS = "/v2.1/servers"


def said(answer: requests.Response) -> str:
    """The message of a refusal, which is below its one key."""
    (fault,) = answer.json().values()
    assert fault["code"] == answer.status_code
    return str(fault["message"])


def policy(rule: str) -> str:
    """What Nova says to whom its policy refuses."""
    return f"Policy doesn't allow os_compute_api:{rule} to be performed."


@dataclasses.dataclass(frozen=True)
class Bed:
    """What servers of the member are made on."""

    people: callers.People
    undo: contextlib.ExitStack
    name: str
    network_id: str
    subnet_id: str
    flavor_id: str
    other_flavor_id: str
    image_id: str

    def wish(self, name: str, /, **more: Any) -> dict[str, Any]:
        """The body of a request for a server."""
        server = {
            "name": f"{self.name}-{name}",
            "flavorRef": self.flavor_id,
            "imageRef": self.image_id,
            "networks": [{"uuid": self.network_id}],
            **more,
        }
        return {"server": {key: value for key, value in server.items() if value is not None}}

    def ask_for(
        self,
        name: str,
        /,
        *,
        version: str = V,
        hints: dict[str, Any] | None = None,
        **more: Any,
    ) -> requests.Response:
        """The member's request for a server."""
        body = self.wish(name, **more)
        if hints is not None:
            body["os:scheduler_hints"] = hints
        return self.people.member.post("compute", SERVERS, body, version=version)

    def boot(
        self,
        name: str,
        /,
        *,
        is_awaited: bool = True,
        undo: contextlib.ExitStack | None = None,
        **more: Any,
    ) -> str:
        """The id of a new server, which is active unless it is not awaited."""
        answer = self.ask_for(name, **more)
        assert answer.status_code == 202, answer.text
        server_id: str = answer.json()["server"]["id"]
        (undo or self.undo).callback(self.remove, server_id)
        if is_awaited:
            self.await_status(server_id, "active")
        return server_id

    def remove(self, server_id: str) -> None:
        """The server is gone, even if it is locked."""
        self.people.admin.remove("compute", f"{SERVERS}/{server_id}", version=V)

    def show(self, server_id: str, *, version: str = V, by_admin: bool = False) -> dict[str, Any]:
        """The server as the member sees it, or the administrator."""
        caller = self.people.admin if by_admin else self.people.member
        answer = caller.get("compute", f"{SERVERS}/{server_id}", version=version)
        assert answer.status_code == 200, answer.text
        server: dict[str, Any] = answer.json()["server"]
        return server

    def act(
        self, server_id: str, action: str, argument: Any = None, *, by_admin: bool = False
    ) -> requests.Response:
        """The answer to an action."""
        caller = self.people.admin if by_admin else self.people.member
        path = f"{SERVERS}/{server_id}/action"
        return caller.post("compute", path, {action: argument}, version=V)

    def await_status(self, server_id: str, status: str) -> dict[str, Any]:
        """The server, which rests with this status (in lower case)."""
        end = time.monotonic() + 120
        while True:
            server = self.show(server_id, by_admin=True)
            task = server["OS-EXT-STS:task_state"]
            if (server["status"].lower(), task) == (status, None):
                return server
            now = f"{server['status']}, {task}, {server.get('fault')}"
            assert server["status"] != "ERROR", now
            assert time.monotonic() < end, f"{now} instead of {status}"
            time.sleep(0.05)


def make(people: callers.People, undo: contextlib.ExitStack) -> Bed:
    """A network with a subnet of the member, two small flavors of the test's own."""
    name = f"contract-{secrets.token_hex(4)}"
    member, admin = people.member, people.admin
    network = member.make("network", "/v2.0/networks", {"network": {"name": name}})
    undo.callback(member.remove, "network", f"/v2.0/networks/{network['id']}")
    wish = {"network_id": network["id"], "cidr": "10.66.0.0/24", "ip_version": 4, "name": name}
    subnet = member.make("network", "/v2.0/subnets", {"subnet": wish})
    flavors = [_flavor(admin, f"{name}-{ram}", ram, undo) for ram in (64, 96)]
    listed = member.get("image", "/v2/images").json()["images"]
    image = next(one for one in listed if one["name"].startswith("cirros"))
    return Bed(people, undo, name, network["id"], subnet["id"], *flavors, image["id"])


def _flavor(admin: callers.Caller, name: str, ram: int, undo: contextlib.ExitStack) -> str:
    wish = {"flavor": {"name": name, "ram": ram, "vcpus": 1, "disk": 1}}
    flavor_id: str = admin.make("compute", "/v2.1/flavors", wish)["id"]
    undo.callback(admin.remove, "compute", f"/v2.1/flavors/{flavor_id}")
    return flavor_id
