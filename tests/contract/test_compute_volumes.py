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
"""Servers that run from volumes: what they are made of, what goes along, images of them."""

import contextlib
import json
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import compute

V = compute.V
SERVERS = compute.SERVERS
NOBODY = compute.NOBODY
VOLUMES = "/v3/{project}/volumes"


@pytest.fixture(scope="module")
def bed(people: callers.People, undo_module: contextlib.ExitStack) -> compute.Bed:
    """What servers are made on."""
    return compute.make(people, undo_module)


def disk(bed: compute.Bed, **fields: Any) -> dict[str, Any]:
    """A mapping from the image to a new volume that goes along, with other fields if given."""
    wish = {
        "boot_index": 0,
        "source_type": "image",
        "uuid": bed.image_id,
        "destination_type": "volume",
        "volume_size": 1,
        "delete_on_termination": True,
        **fields,
    }
    return {key: value for key, value in wish.items() if value is not None}


@pytest.fixture(scope="module")
def server(bed: compute.Bed) -> str:
    """A server that runs from a volume of its own and has a blank one, which stays."""
    blank = disk(bed, source_type="blank", uuid=None, boot_index=None, delete_on_termination=False)
    return bed.boot("rooted", imageRef=None, block_device_mapping_v2=[disk(bed), blank])


def volumes(bed: compute.Bed, server: str) -> list[dict[str, Any]]:
    """The volumes of the server, its root first."""
    shown = bed.show(server)["os-extended-volumes:volumes_attached"]
    found = [
        bed.people.member.get("block-storage", f"{VOLUMES}/{one['id']}").json()["volume"]
        for one in shown
    ]
    return sorted(found, key=lambda one: one["bootable"], reverse=True)


def test_disks_of_nova(bed: compute.Bed, server: str) -> None:
    """Nova made both volumes; only the blank one has a name. The server shows no image."""
    shown = bed.show(server)
    assert shown["image"] == ""
    root, blank = volumes(bed, server)
    assert (root["name"], root["bootable"], root["status"]) == ("", "true", "in-use")
    assert root["volume_image_metadata"]["image_id"] == bed.image_id
    assert (blank["name"], blank["bootable"]) == (f"{server}-blank-vol", "false")
    assert root["attachments"][0]["server_id"] == server
    fates = {
        one["id"]: one["delete_on_termination"]
        for one in shown["os-extended-volumes:volumes_attached"]
    }
    assert fates == {root["id"]: True, blank["id"]: False}


def test_root_is_not_detached(bed: compute.Bed, server: str) -> None:
    """The volume that it runs from stays."""
    root, _ = volumes(bed, server)
    path = f"{SERVERS}/{server}/os-volume_attachments/{root['id']}"
    answer = bed.people.member.delete("compute", path, version=V)
    assert answer.status_code == 400
    assert compute.said(answer) == "Cannot detach a root device volume"


def test_image_is_snapshots(bed: compute.Bed, server: str, undo: contextlib.ExitStack) -> None:
    """An image of it has no data, but a mapping to snapshots of its volumes."""
    member = bed.people.member
    name = f"{bed.name}-image"
    image_id = bed.act(server, "createImage", {"name": name}).json()["image_id"]
    undo.callback(member.remove, "image", f"/v2/images/{image_id}")
    bed.await_status(server, "active")
    image = member.get("image", f"/v2/images/{image_id}").json()
    assert (image["size"], image["bdm_v2"], image["base_image_ref"]) == (0, "True", "")
    mapping = json.loads(image["block_device_mapping"])
    paths = [f"/v3/{{project}}/snapshots/{one['snapshot_id']}" for one in mapping]
    for path in paths:
        undo.callback(member.remove, "block-storage", path)
    assert len(paths) == 2
    found = [member.get("block-storage", path).json()["snapshot"] for path in paths]
    assert {one["name"] for one in found} == {f"snapshot for {name}"}
    assert {one["volume_id"] for one in found} == {one["id"] for one in volumes(bed, server)}


def test_what_goes_along(bed: compute.Bed, undo: contextlib.ExitStack) -> None:
    """A volume with delete_on_termination goes with the server, another becomes available."""
    member = bed.people.member
    made = member.make("block-storage", VOLUMES, {"volume": {"size": 1, "name": bed.name}})
    path = f"{VOLUMES}/{made['id']}"
    undo.callback(member.remove, "block-storage", path)
    member.await_status("block-storage", path, "available")
    own = disk(
        bed, source_type="volume", uuid=made["id"], boot_index=None, delete_on_termination=False
    )
    wish = [disk(bed), {**own, "boot_index": -1}]
    server_id = bed.boot("mortal", imageRef=None, block_device_mapping_v2=wish, undo=undo)
    root, data = volumes(bed, server_id)
    assert data["id"] == made["id"]
    bed.remove(server_id)
    member.await_status("block-storage", f"{VOLUMES}/{root['id']}", None)
    member.await_status("block-storage", path, "available")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no image": ({"uuid": NOBODY}, f"failed to get image {NOBODY}."),
    "no volume": ({"source_type": "volume", "uuid": NOBODY}, f"failed to get volume {NOBODY}."),
    "no snapshot": (
        {"source_type": "snapshot", "uuid": NOBODY},
        f"Snapshot {NOBODY} could not be found.",
    ),
    "no boot": ({"boot_index": 1}, "Boot sequence for the instance and image/block device"),
    "local": ({"destination_type": "local"}, "Mapping image to local is not supported."),
    "unknown source": ({"source_type": "bogus"}, "'bogus' is not one of ['volume', 'image', '"),
    "blank of something": ({"source_type": "blank"}, "Invalid device UUID."),
    "no size": ({"volume_size": None}, "Images with destination_type 'volume' need to have a"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_mappings(bed: compute.Bed, what: str) -> None:
    """What cannot be mapped is 400."""
    fields, wrong = REFUSED[what]
    answer = bed.ask_for(
        "wrong", imageRef=None, networks="none", block_device_mapping_v2=[disk(bed, **fields)]
    )
    assert answer.status_code == 400
    assert wrong in compute.said(answer)


def test_volume_in_use(bed: compute.Bed, server: str) -> None:
    """A volume that somebody has is 400."""
    root, _ = volumes(bed, server)
    taken = disk(bed, source_type="volume", uuid=root["id"])
    answer = bed.ask_for("wrong", imageRef=None, block_device_mapping_v2=[taken])
    assert answer.status_code == 400
    assert root["id"] in compute.said(answer)


def test_disks_after_the_end(bed: compute.Bed, server: str) -> None:
    """What was to stay stays when its server is gone, and is the member's to remove."""
    root, blank = volumes(bed, server)
    bed.remove(server)
    member = bed.people.member
    member.await_status("block-storage", f"{VOLUMES}/{root['id']}", None)
    member.await_status("block-storage", f"{VOLUMES}/{blank['id']}", "available")
    member.remove("block-storage", f"{VOLUMES}/{blank['id']}")
