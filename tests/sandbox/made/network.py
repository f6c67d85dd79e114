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
"""What Rally would leave of Neutron's extensions."""

import typing

from openstack import exceptions as sdk_exceptions

from tests.sandbox import made


def _row(kind: str, path: str, singular: str, *, is_of_cloud: bool, **fields: object) -> made.Row:
    """A row of a collection of which the API makes one by a name and some fields."""

    def make(_world: made.World, person: made.Connection, name: str) -> str:
        answer = person.network.post(path, json={singular: {"name": name, **fields}})
        sdk_exceptions.raise_from_response(answer)
        found: dict[str, typing.Any] = answer.json()[singular]
        return str(found["id"])

    def take(world: made.World, key: str) -> None:
        world.admin.network.delete(f"{path}/{key}")

    return made.Row(kind, make, take, is_of_cloud=is_of_cloud)


ROWS = (
    _row("network.qos_policy", "/qos/policies", "policy", is_of_cloud=True),
    _row(
        *("network.address_scope", "/address-scopes", "address_scope"),
        is_of_cloud=False,
        ip_version=4,
    ),
    _row(
        *("network.subnet_pool", "/subnetpools", "subnetpool"),
        is_of_cloud=False,
        prefixes=["10.82.0.0/16"],
    ),
    _row(
        *("network.address_group", "/address-groups", "address_group"),
        is_of_cloud=False,
        addresses=["10.83.0.0/24"],
    ),
)
