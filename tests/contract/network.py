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
"""What the contract's tests of Neutron share: asking, refusals, and something to build on."""

import contextlib
import dataclasses
import secrets
from typing import Any

import requests

from tests.contract import callers

NOWHERE = "11111111-1111-4111-8111-111111111111"
"""The id of nothing."""

GO_ALONG = ("/subnets", "/security-group-rules")
"""What goes with its network or its group, which is made for the tests as well."""

Body = dict[str, Any]


def ask(
    caller: callers.Caller, method: str, path: str, body: Any = None, **more: Any
) -> requests.Response:
    """The answer of Neutron to a request for the path below ``/v2.0``."""
    if body is not None:
        more["json"] = body
    return caller.ask(method, "network", f"/v2.0{path}", **more)


def one(answer: requests.Response) -> Any:
    """What an answer that must be good has below its one key (or its key without ``_links``)."""
    assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return next(value for key, value in answer.json().items() if not key.endswith("_links"))


def get(caller: callers.Caller, path: str, **params: Any) -> Any:
    """What a GET shows or lists."""
    return one(ask(caller, "GET", path, params=params))


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Status and type of an answer that is a refusal of Neutron's own."""
    error = answer.json()["NeutronError"]
    assert set(error) == {"type", "message", "detail"}
    return answer.status_code, error["type"]


@dataclasses.dataclass
class Base:
    """A network with a subnet, of the member; and the cloud's external network.

    What `make` makes is gone when the module's tests are over, in the reverse order.
    """

    people: callers.People
    undo: contextlib.ExitStack
    prefix: str
    network: Body = dataclasses.field(default_factory=dict)
    subnet: Body = dataclasses.field(default_factory=dict)
    external: Body = dataclasses.field(default_factory=dict)
    group: Body = dataclasses.field(default_factory=dict)

    def make(
        self, path: str, singular: str, by: callers.Caller | None = None, **fields: Any
    ) -> Any:
        """A new resource with these fields, by the member unless it is said by whom."""
        made = one(ask(by or self.people.member, "POST", path, {singular: fields}))
        if path not in GO_ALONG:
            self.undo.callback(ask, self.people.admin, "DELETE", f"{path}/{made['id']}")
        return made

    def net(self, **fields: Any) -> Any:
        """A new network."""
        return self.make("/networks", "network", **fields)

    def sub(self, network: Body, cidr: str, **fields: Any) -> Any:
        """A new IPv4 subnet."""
        wanted = {"network_id": network["id"], "ip_version": 4, "cidr": cidr, **fields}
        return self.make("/subnets", "subnet", **wanted)

    def port(self, **fields: Any) -> Any:
        """A new port on the base's network unless it is said on which; without an address."""
        wanted = {"network_id": self.network["id"], "fixed_ips": [], **fields}
        return self.make("/ports", "port", **wanted)

    def with_address(self, **fields: Any) -> Any:
        """A new port on the base's network with an address of the base's subnet."""
        return self.port(**{"fixed_ips": [{"subnet_id": self.subnet["id"]}], **fields})

    def join(self, router: Body, subnet: Body) -> None:
        """The router has an interface on the subnet."""
        path, wanted = f"/routers/{router['id']}", {"subnet_id": subnet["id"]}
        one(ask(self.people.member, "PUT", f"{path}/add_router_interface", wanted))
        self.undo.callback(
            ask, self.people.admin, "PUT", f"{path}/remove_router_interface", wanted
        )


def _remove_default_groups(people: callers.People) -> None:
    for caller in (people.member, people.stranger):
        for group in get(people.admin, "/security-groups", project_id=caller.project_id):
            ask(people.admin, "DELETE", f"/security-groups/{group['id']}")


def settle(people: callers.People, undo: contextlib.ExitStack) -> Base:
    """The base of one module's tests; all is gone when `undo` is closed."""
    undo.callback(_remove_default_groups, people)
    base = Base(people, undo, f"contract-{secrets.token_hex(4)}")
    base.network = base.net(name=base.prefix)
    base.subnet = base.sub(base.network, "10.77.0.0/24", name=base.prefix)
    query = {"router:external": True, "name": "public"}
    base.external = get(people.admin, "/networks", **query)[0]
    return base
