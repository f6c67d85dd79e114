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
"""What Rally would leave of Ironic; an administrator alone makes any of it."""

import contextlib
import secrets
import typing

import openstack
from openstack import exceptions as sdk_exceptions

from tests.sandbox import made

VERSION = "1.65"


def _call(method: str, path: str, **body: object) -> typing.Any:
    """Ask Ironic with the system's token, to whom it shows everything; it is busy at times."""
    answer = openstack.connect(cloud="system").baremetal.request(
        path,
        method,
        json=body or None,
        microversion=VERSION,
        retriable_status_codes=[409],
        status_code_retries=9,
    )
    sdk_exceptions.raise_from_response(answer)
    return answer.json() if answer.content else None


def _take(path: str) -> typing.Callable[[made.World, str], None]:
    def take(_world: made.World, key: str) -> None:
        with contextlib.suppress(sdk_exceptions.NotFoundException):
            _call("DELETE", f"{path}/{key}")

    return take


def node(_world: made.World, _person: made.Connection, name: str) -> str:
    """A node with a port in a port group."""
    key = str(_call("POST", "/nodes", driver="fake-hardware", name=name)["uuid"])
    group = _call("POST", "/portgroups", node_uuid=key)["uuid"]
    address = ":".join(("52:54:00", *(secrets.token_hex(1) for _ in range(3))))
    _call("POST", "/ports", node_uuid=key, portgroup_uuid=group, address=address)
    return key


def allocation(_world: made.World, _person: made.Connection, name: str) -> str:
    """An allocation for which there is no node."""
    return str(_call("POST", "/allocations", name=name, resource_class="nowhere")["uuid"])


def chassis(_world: made.World, _person: made.Connection, name: str) -> str:
    """A chassis, whose description is its name."""
    return str(_call("POST", "/chassis", description=name)["uuid"])


ROWS = tuple(
    made.Row(kind, make, _take(path), separator="-", is_of_cloud=True)
    for kind, make, path in (
        ("baremetal.node", node, "/nodes"),
        ("baremetal.allocation", allocation, "/allocations"),
        ("baremetal.chassis", chassis, "/chassis"),
    )
)
