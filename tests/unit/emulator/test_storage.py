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
"""Cinder's volumes and snapshots, Glance's images."""

import datetime

import pytest

from tests import emulator
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import image
from tests.unit.emulator import asking

Body = dict[str, object]
VOLUME = "/volume/v3/{project}/volumes"
SNAPSHOT = "/volume/v3/{project}/snapshots"
IMAGE = "/image/v2/images"


@pytest.fixture
def volume(cloud: emulator.Cloud, member: asking.Client) -> Body:
    """A member's volume."""
    user = bootstrap.named(cloud, "identity.user", "demo")
    return block_storage.volume(cloud, "volume", member.project_id, user["id"])


def test_delete_takes_time(cloud: emulator.Cloud, admin: asking.Client, volume: Body) -> None:
    """A volume is ``deleting`` for a while, during which another delete is 400; then 404."""
    path = f"{VOLUME}/{volume['id']}"
    assert [admin.delete(path), admin.delete(path)] == [202, 400]
    assert admin.get(path)["volume"]["status"] == "deleting"
    cloud.clock.advance(datetime.timedelta(seconds=1))
    assert admin.delete(path) == 404


def test_snapshot_keeps_volume(cloud: emulator.Cloud, admin: asking.Client, volume: Body) -> None:
    """A volume with a snapshot is 400 until the snapshot is really gone."""
    snapshot = block_storage.snapshot(cloud, "snap", volume)
    path = f"{VOLUME}/{volume['id']}"
    assert admin.delete(path) == 400
    assert [admin.delete(f"{SNAPSHOT}/{snapshot['id']}") for _ in range(2)] == [202, 400]
    assert admin.delete(path) == 400
    cloud.clock.advance(datetime.timedelta(seconds=1))
    assert admin.delete(path) == 202


def test_cascade(cloud: emulator.Cloud, admin: asking.Client, volume: Body) -> None:
    """With cascade the snapshots go along."""
    block_storage.snapshot(cloud, "snap", volume)
    assert admin.delete(f"{VOLUME}/{volume['id']}?cascade=true") == 202
    cloud.clock.advance(datetime.timedelta(seconds=1))
    assert admin.get(f"{SNAPSHOT}/detail?all_tenants=1")["snapshots"] == []


def test_attached_stays(cloud: emulator.Cloud, admin: asking.Client, volume: Body) -> None:
    """A volume in use is 400."""
    server = {"id": "server", "OS-EXT-SRV-ATTR:host": "cmp1"}
    block_storage.attach(cloud, volume, server)
    assert admin.delete(f"{VOLUME}/{volume['id']}") == 400


def test_all_tenants(
    cloud: emulator.Cloud, admin: asking.Client, member: asking.Client, volume: Body
) -> None:
    """The administrator sees all if he asks; a member gets 200 and his own, silently."""
    other = block_storage.volume(cloud, "other", admin.project_id, "somebody")
    every = f"{VOLUME}/detail?all_tenants=1"
    assert len(admin.get(every)["volumes"]) == 2
    assert [one["id"] for one in member.get(every)["volumes"]] == [volume["id"]]
    assert [one["id"] for one in admin.get(f"{VOLUME}/detail")["volumes"]] == [other["id"]]
    assert member("GET", f"{VOLUME}/{other['id']}").status == 404
    assert "os-vol-host-attr:host" not in member.get(every)["volumes"][0]


def test_filters(admin: asking.Client, volume: Body) -> None:
    """The administrator's unknown filter finds nothing, with 200."""
    every = f"{VOLUME}/detail?all_tenants=1"
    assert (
        len(
            admin.get(f"{every}&project_id={volume['os-vol-tenant-attr:tenant_id']}&name=volume")[
                "volumes"
            ]
        )
        == 1
    )
    assert admin.get(f"{every}&dance=1")["volumes"] == []


def test_pages(cloud: emulator.Cloud, admin: asking.Client, volume: Body) -> None:
    """Pages with a next link until one is not full; a vanished marker is 404."""
    block_storage.volume(cloud, "second", admin.project_id, "somebody")
    page = admin.get(f"{VOLUME}?all_tenants=1&limit=1")
    (link,) = page["volumes_links"]
    second = admin.get(link["href"].removeprefix(asking.HOST))
    assert {one["id"] for one in page["volumes"] + second["volumes"]} == {
        row["id"] for row in cloud["block_storage.volume"]
    }
    assert admin("GET", f"{VOLUME}/detail?marker=gone").status == 404
    assert admin("GET", f"{VOLUME}/detail?limit=x").status == 400


def test_other_project_in_path(admin: asking.Client) -> None:
    """A path with another project than the token's is 400."""
    assert admin("GET", "/volume/v3/another/volumes").status == 400


def test_old_microversion(admin: asking.Client, volume: Body) -> None:
    """Volumes show their type's id from 3.63 on."""
    path = f"{VOLUME}/{volume['id']}"
    old = admin.get(path, **{"OpenStack-API-Version": "volume 3.0"})["volume"]
    assert "volume_type_id" in set(admin.get(path)["volume"]) - set(old)
    assert old["user_id"]


def _names(client: asking.Client, query: str = "") -> set[str]:
    return {one["name"] for one in client.get(f"{IMAGE}{query}")["images"]}


def test_whose_images(cloud: emulator.Cloud, admin: asking.Client, member: asking.Client) -> None:
    """The administrator's list lacks others' community images unless he asks for all."""
    for visibility in ("private", "community", "shared", "public"):
        image.image(cloud, visibility, member.project_id, visibility=visibility)
    image.image(cloud, "foreign", admin.project_id)
    image.image(cloud, "hidden", member.project_id, os_hidden=True)
    base = {"cirros-0.6.2-x86_64-disk"}
    everything = base | {"private", "shared", "public"}
    assert _names(admin) == everything | {"foreign"}
    assert _names(admin, "?visibility=all") == everything | {"foreign", "community"}
    assert _names(member) == everything | {"community"}
    assert _names(member, "?visibility=private") == {"private"}
    assert _names(admin, "?os_hidden=true") == {"hidden"}
    assert _names(admin, f"?owner={member.project_id}&visibility=all") == {
        *("private", "shared", "public", "community")
    }


def test_image_pages(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """Unless asked a page has 25 images, and a relative next link when it is full."""
    for number in range(30):
        image.image(cloud, f"image-{number}", admin.project_id)
    page = admin.get(IMAGE)
    assert len(page["images"]) == 25
    rest = admin.get(f"/image{page['next']}")
    assert len({one["id"] for one in page["images"] + rest["images"]}) == 31
    assert "next" not in rest
    assert admin("GET", f"{IMAGE}?marker=gone").status == 400


def test_image_delete(cloud: emulator.Cloud, admin: asking.Client, member: asking.Client) -> None:
    """Protected and others' images are 403, those in use 409, gone ones 404."""
    mine = image.image(cloud, "mine", member.project_id, protected=True)
    path = f"{IMAGE}/{mine['id']}"
    assert admin.delete(path) == 403
    mine["protected"] = False
    cloud.settings.images_in_use.add(mine["id"])
    assert member.delete(path) == 409
    cloud.settings.images_in_use.clear()
    assert [member.delete(path), member.delete(path)] == [204, 404]
    theirs = image.image(cloud, "theirs", admin.project_id, visibility="public")
    assert member.delete(f"{IMAGE}/{theirs['id']}") == 403
