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

"""Volumes and snapshots as Cinder reports them."""

import datetime
import json

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.block_storage import resources as managers
from tests.unit.services import answers


def volumes() -> list[resources.Resource]:
    """Return the recorded volumes."""
    return list(
        managers.VolumeManager.list(answers.always(answers.sample("block_storage/volumes")), {})
    )


def test_a_volume_is_attached_to_its_sources() -> None:
    """Snapshot, volume and image, each where the volume was made from one."""
    sources = {
        one.name: [(edge.target.kind, edge.target.id) for edge in one.edges[:-1]]
        for one in volumes()
    }
    original = "e8a02487-5fcd-46a3-b139-ac44fb3f8b62"
    image = ("image.image", "66fd40b4-955b-428f-89c7-edd2e91f748a")
    assert sources == {
        "sample": [],
        "sample-fromsnap": [
            ("block_storage.snapshot", "51c758a9-49f3-4fae-ae1d-1cd9a3bcc887"),
        ],
        "sample-fromvol": [("block_storage.volume", original)],
        "sample-fromimg": [image],
        None: [image],
    }


def test_a_volume_is_attached_to_its_type() -> None:
    """By the name of the type; a volume without a type has no such edge."""
    type_ = answers.ref("block_storage.volume_type", "file")
    assert {one.edges[-1].target for one in volumes()} == {type_}
    record = {**answers.sampled("block_storage/volumes", "volumes"), "volume_type": None}
    body = json.dumps({"volume": record}).encode()
    assert managers.VolumeManager.TABLE.decode(body, answers.PLACE).edges == ()


def test_a_volume_that_nova_made_has_no_name() -> None:
    """The empty name is none; the status and the number of attachments are kept."""
    [unnamed] = [one for one in volumes() if one.name is None]
    assert unnamed.status == "in-use"
    assert unnamed.details == {"size_gib": 1, "attachments": 1}


def test_times_without_a_zone_are_utc() -> None:
    """Cinder leaves the zone out."""
    assert volumes()[0].created_at == datetime.datetime(
        2026, 11, 21, 7, 53, 28, tzinfo=datetime.UTC
    )


def test_a_snapshot_is_attached_to_its_volume() -> None:
    """The volume cannot go before it."""
    cloud = answers.always(answers.sample("block_storage/snapshots"))
    [found] = managers.SnapshotManager.list(cloud, {})
    volume = answers.ref("block_storage.volume", "e8a02487-5fcd-46a3-b139-ac44fb3f8b62")
    assert [edge.target for edge in found.edges] == [volume]
    assert found.project_id == "1b254aaf7bfd40409b452da40a03ebf3"
    path = "/snapshots/detail?all_tenants=1&limit=1000&sort=created_at:asc"
    assert cloud.requests[0][1] == path


@pytest.mark.parametrize("status", [400, 409])
def test_a_volume_in_use_is_a_conflict(status: int) -> None:
    """Cinder says 400 for it; its words are kept."""
    message = "Volume status must be available and must not have snapshots."
    manager = managers.VolumeManager(answers.refusing(status, message), volumes()[0])
    with pytest.raises(exceptions.Conflict, match="must not have snapshots"):
        manager.delete()


def test_another_refusal_is_no_conflict() -> None:
    """Any other status passes as it is."""
    with pytest.raises(exceptions.RequestFailed) as caught:
        managers.VolumeManager(answers.refusing(500), volumes()[0]).delete()
    assert not isinstance(caught.value, exceptions.Conflict)


def test_a_volume_is_deleted_plainly() -> None:
    """Neither force nor cascade is ever asked for."""
    cloud = answers.always(b"")
    found = volumes()[0]
    managers.VolumeManager(cloud, found).delete()
    assert cloud.requests == [("DELETE", f"/volumes/{found.ref.id}", None, {})]
