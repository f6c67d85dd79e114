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
"""Shares, snapshots of foreign shares, share networks, security services and share types."""

import time
import typing

from tests.sandbox import made

VERSION = "2.60"
WAIT_S = 0.3
PATHS = {
    "share": "shares",
    "snapshot": "snapshots",
    "share_network": "share-networks",
    "security_service": "security-services",
    "share_type": "types",
}


def _make(person: made.Connection, noun: str, name: str, **fields: typing.Any) -> str:
    """One of a kind, and it is available."""
    api, path = person.shared_file_system, f"/{PATHS[noun]}"
    answer = api.post(path, json={noun: {"name": name, **fields}}, microversion=VERSION)
    assert answer.ok, answer.text
    one = answer.json()[noun]
    while one.get("status") == "creating":
        time.sleep(WAIT_S)
        one = api.get(f"{path}/{one['id']}", microversion=VERSION).json()[noun]
    return str(one["id"])


def _take(noun: str) -> typing.Callable[[made.World, str], None]:
    """What removes one of a kind, and waits until it is gone."""

    def take(world: made.World, key: str) -> None:
        api, path = world.admin.shared_file_system, f"/{PATHS[noun]}/{key}"
        while api.delete(path, microversion=VERSION).status_code != 404:
            time.sleep(WAIT_S)

    return take


def share(world: made.World, person: made.Connection, name: str) -> str:
    """A share of the default type."""
    return _make(person, "share", name, share_proto="NFS", size=1, share_type="default")


def snapshot(world: made.World, person: made.Connection, name: str) -> str:
    """A snapshot of a share that is nobody's in particular, one for each person."""
    key = f"share of {person.current_project_id}"
    if key not in world.shared:
        specs = {"driver_handles_share_servers": False, "snapshot_support": True}
        whose = f"nobody's in particular, {key}, {world.workload}"
        of = _make(world.admin, "share_type", whose, extra_specs=specs)
        world.undo.callback(_take("share_type"), world, of)
        about = {"share_proto": "NFS", "size": 1, "share_type": of}
        world.shared[key] = _make(person, "share", "nobody's in particular", **about)
        world.undo.callback(_take("share"), world, world.shared[key])
    return _make(person, "snapshot", name, share_id=world.shared[key])


def network(world: made.World, person: made.Connection, name: str) -> str:
    """A share network, which is on nothing."""
    return _make(person, "share_network", name)


def service(world: made.World, person: made.Connection, name: str) -> str:
    """A security service that no share network has."""
    return _make(person, "security_service", name, type="ldap", dns_ip="192.0.2.7")


def type_(world: made.World, person: made.Connection, name: str) -> str:
    """A share type."""
    specs = {"driver_handles_share_servers": False}
    return _make(person, "share_type", name, extra_specs=specs)


ROWS = (
    made.Row("shared_file_system.share", share, _take("share")),
    made.Row("shared_file_system.snapshot", snapshot, _take("snapshot"), is_made_again=False),
    made.Row("shared_file_system.share_network", network, _take("share_network")),
    made.Row("shared_file_system.security_service", service, _take("security_service")),
    made.Row("shared_file_system.share_type", type_, _take("share_type"), is_of_cloud=True),
)
