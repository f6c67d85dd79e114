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

"""The rungs of the ladder on any cloud: what each does to a resource that is stuck."""

import contextlib
import json
import time
from typing import Any
import uuid

from keystoneauth1 import session as sessions
from openstack.config import cloud_region
from openstack.config import defaults
import pytest

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd import pacing
from cleanupd.core import resources
from cleanupd.services.baremetal import kinds
from cleanupd.services.base import registry
from tests.contract import callers
from tests.contract import compute
from tests.contract import disks

MANAGERS, _ = registry.load_managers()
VOLUME = "block_storage.volume"
PATHS = {VOLUME: "volumes", "block_storage.snapshot": "snapshots"}
CONNECTOR = {"host": "cmp1", "ip": "127.0.0.1", "mountpoint": "/dev/vdb"}


@pytest.fixture(scope="module")
def door(admin_session: sessions.Session) -> clouds.Cloud:
    """Give the cloud as cleanupd sees it."""
    region = cloud_region.CloudRegion(
        "contract",
        "RegionOne",
        defaults.get_defaults(),
        session=admin_session,
        auth_plugin=admin_session.auth,
    )
    return clouds.Cloud(region, admin_session, pacing.Patience(), pacing.Pace())


class Stuck:
    """One resource, as its manager has it."""

    def __init__(self, door: clouds.Cloud, kind: str, id_: str) -> None:
        self._door = door
        self._plugin = MANAGERS[kind]
        self._ref = resources.Ref("contract", "RegionOne", kind, id_)

    def read(self) -> resources.Resource | None:
        """Return it as it is now."""
        return self._plugin(self._door, resources.Resource(ref=self._ref)).read()

    def climb(self, name: str) -> None:
        """Take a rung, as it is now."""
        now = self.read()
        assert now is not None
        [rung] = [one for one in self._plugin.KIND.rungs if one.name == name]
        self._plugin(self._door, now).climb(rung)

    def delete(self) -> None:
        """Ask for the removal."""
        now = self.read()
        assert now is not None
        self._plugin(self._door, now).delete()

    def assert_gone(self) -> None:
        """It is gone soon."""
        end = time.monotonic() + 60
        while (found := self.read()) is not None:
            assert time.monotonic() < end, found
            time.sleep(0.1)


def _make(people: callers.People, undo: contextlib.ExitStack, kind: str) -> str:
    """Return the id of a volume, or of a snapshot of one, in the status error_deleting."""
    made = disks.volume(people.member, undo)
    if kind != VOLUME:
        made = disks.snapshot(people.member, undo, made["id"])
    path = f"/v3/{{project}}/{PATHS[kind]}/{made['id']}"
    body = {"os-reset_status": {"status": "error_deleting"}}
    assert people.admin.post(disks.CINDER, f"{path}/action", body).status_code == 202
    id_: str = made["id"]
    return id_


@pytest.mark.parametrize("kind", sorted(PATHS))
def test_what_is_reset_can_be_removed(
    people: callers.People, undo: contextlib.ExitStack, door: clouds.Cloud, kind: str
) -> None:
    """Cinder refuses to remove what is error_deleting, until it is set to error."""
    stuck = Stuck(door, kind, _make(people, undo, kind))
    with pytest.raises(exceptions.Conflict):
        stuck.delete()
    stuck.climb("reset")
    stuck.delete()
    stuck.assert_gone()


@pytest.mark.parametrize("kind", sorted(PATHS))
def test_what_is_forced_goes_in_any_status(
    people: callers.People, undo: contextlib.ExitStack, door: clouds.Cloud, kind: str
) -> None:
    """One request removes it."""
    stuck = Stuck(door, kind, _make(people, undo, kind))
    stuck.climb("force")
    stuck.assert_gone()


def test_a_backup_is_reset_and_forced(
    people: callers.People, undo: contextlib.ExitStack, door: clouds.Cloud
) -> None:
    """As volumes are."""
    volume = disks.volume(people.member, undo)
    body = {"backup": {"volume_id": volume["id"], "name": "contract"}}
    made = people.member.make(disks.CINDER, "/v3/{project}/backups", body)
    path = f"/v3/{{project}}/backups/{made['id']}"
    undo.callback(people.member.remove, disks.CINDER, path)
    people.member.await_status(disks.CINDER, path, "available")
    stuck = Stuck(door, "block_storage.backup", made["id"])
    stuck.climb("reset")
    assert people.member.status_of(disks.CINDER, path) == "error"
    stuck.climb("force")
    stuck.assert_gone()


def test_a_node_in_maintenance_goes(door: clouds.Cloud) -> None:
    """Ironic takes the rung in any state, and the node can be removed after it."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    body = {"name": name, "driver": "fake-hardware"}
    asked = {"microversion": kinds.MICROVERSION}
    made = json.loads(door.request("POST", "baremetal", "/nodes", json=body, **asked))
    stuck = Stuck(door, "baremetal.node", made["uuid"])
    stuck.climb("maintenance")
    node = json.loads(door.get("baremetal", f"/nodes/{made['uuid']}", **asked))
    assert node["maintenance"] is True
    stuck.delete()
    stuck.assert_gone()


def _attach(people: callers.People, volume: Any, server_id: str, *, is_complete: bool) -> None:
    connector = {"connector": CONNECTOR} if is_complete else {}
    asked = {"volume_uuid": volume["id"], "instance_uuid": server_id, **connector}
    made = people.member.post(
        disks.CINDER, "/v3/{project}/attachments", {"attachment": asked}, version=disks.NEWEST
    ).json()["attachment"]
    if is_complete:
        path = f"/v3/{{project}}/attachments/{made['id']}/action"
        people.member.post(disks.CINDER, path, {"os-complete": {}}, version=disks.NEWEST)


@pytest.mark.parametrize("is_complete", [True, False])
def test_what_no_server_has_is_detached(
    people: callers.People, undo: contextlib.ExitStack, door: clouds.Cloud, *, is_complete: bool
) -> None:
    """Of a server that Nova does not know a volume is free, in use or only reserved."""
    volume = disks.volume(people.member, undo)
    _attach(people, volume, str(uuid.uuid4()), is_complete=is_complete)
    stuck = Stuck(door, VOLUME, volume["id"])
    with pytest.raises(exceptions.Conflict):
        stuck.delete()
    stuck.climb("detach")
    stuck.delete()
    stuck.assert_gone()


def test_what_a_server_has_stays_attached(
    people: callers.People, undo: contextlib.ExitStack, door: clouds.Cloud
) -> None:
    """A volume that is only reserved for it, too, of which Cinder would let go."""
    server_id = compute.make(people, undo).boot("holder", networks="none")
    volume = disks.volume(people.member, undo)
    _attach(people, volume, server_id, is_complete=False)
    with pytest.raises(exceptions.Conflict, match=server_id):
        Stuck(door, VOLUME, volume["id"]).climb("detach")
    path = f"/v3/{{project}}/volumes/{volume['id']}"
    assert people.member.status_of(disks.CINDER, path) == "reserved"
    people.admin.post(disks.CINDER, f"{path}/action", {"os-force_delete": {}})


def test_a_server_is_reset_and_forced(
    people: callers.People, undo: contextlib.ExitStack, door: clouds.Cloud
) -> None:
    """It is in error, without a task, and then gone."""
    bed = compute.make(people, undo)
    server_id = bed.boot("stuck", networks="none")
    stuck = Stuck(door, "compute.server", server_id)
    stuck.climb("reset")
    assert bed.show(server_id)["status"] == "ERROR"
    stuck.climb("force")
    stuck.assert_gone()
