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

"""The requests by which rungs of the ladder are taken."""

import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import registry
from tests.unit.services import answers

MANAGERS, _ = registry.load_managers()
#: Ironic has no such actions: its nodes have a rung of their own.
CLIMBING = sorted(
    kind
    for kind, plugin in MANAGERS.items()
    if plugin.KIND.rungs and plugin.KIND.service != "baremetal"
)
VOLUME = resources.Resource(ref=answers.ref("block_storage.volume", "vol"))


def climb(cloud: Any, resource: resources.Resource, name: str) -> None:
    """Take a rung."""
    plugin = MANAGERS[resource.ref.kind]
    [rung] = [one for one in plugin.KIND.rungs if one.name == name]
    plugin(cloud, resource).climb(rung)


@pytest.mark.parametrize("kind", CLIMBING)
def test_resets_come_before_force(kind: str) -> None:
    """Each is one request to the resource's actions; what is gone meanwhile is success."""
    rungs = [rung.name for rung in MANAGERS[kind].KIND.rungs]
    assert rungs[-2:] == ["reset", "force"]
    for rung in rungs[-2:]:
        for cloud in (answers.always(b""), answers.refusing(404)):
            climb(cloud, resources.Resource(ref=answers.ref(kind, "x")), rung)
            [(method, path, body, _)] = cloud.requests
            assert (method, path.rpartition("/x")[2]) == ("POST", "/action")
            assert body


def attached(*servers: str | None, known: str = "") -> answers.RecordedCloud:
    """Return a cloud in which a volume is attached to some servers, of which Nova knows one."""
    rows = [{"id": f"to-{one}", "instance": one} for one in servers]

    def answer(method: str, path: str) -> answers.Answer:
        if path.startswith("/servers/") and not path.endswith(f"/{known}"):
            return exceptions.NotFound("compute", method, path, 404, "no")
        return json.dumps({"attachments": rows}).encode()

    return answers.RecordedCloud(answer)


def test_a_volume_is_detached_from_servers_that_are_gone() -> None:
    """One request for each attachment, after Nova was asked for its server."""
    cloud = attached("a", "b")
    climb(cloud, VOLUME, "detach")
    assert [(method, path) for method, path, *_ in cloud.requests] == [
        ("GET", "/attachments?all_tenants=1&volume_id=vol"),
        ("GET", "/servers/a"),
        ("DELETE", "/attachments/to-a"),
        ("GET", "/servers/b"),
        ("DELETE", "/attachments/to-b"),
    ]


@pytest.mark.parametrize("server", ["alive", None])
def test_what_may_be_used_stays_attached(server: str | None) -> None:
    """By a server that Nova knows, or by a host that has no server."""
    cloud = attached(server, known="alive")
    with pytest.raises(exceptions.Conflict, match=f"attached to server {server}"):
        climb(cloud, VOLUME, "detach")
    assert "DELETE" not in {method for method, *_ in cloud.requests}


def test_what_another_region_may_use_stays_attached() -> None:
    """Regions may share a Cinder, and the Nova of this one does not know all of the servers."""
    cloud = attached("elsewhere")
    cloud.regions.add("another")
    with pytest.raises(exceptions.Conflict, match=r"elsewhere.* may be in region another"):
        climb(cloud, VOLUME, "detach")
    assert "DELETE" not in {method for method, *_ in cloud.requests}


def test_attachments_that_cannot_be_read_stay() -> None:
    """Half an answer detaches nothing."""
    cloud = answers.always(b'{"attachments": [{"id": "a"}')
    with pytest.raises(exceptions.MalformedAnswer):
        climb(cloud, VOLUME, "detach")
    assert len(cloud.requests) == 1


def test_a_kind_without_a_ladder_has_no_rung() -> None:
    """Nobody asks it to climb."""
    plugin = MANAGERS["network.port"]
    port = resources.Resource(ref=answers.ref("network.port", "p"))
    assert plugin.KIND.rungs == ()
    with pytest.raises(KeyError):
        plugin(answers.always(b""), port).climb(MANAGERS["compute.server"].KIND.rungs[0])  # type: ignore[arg-type]
