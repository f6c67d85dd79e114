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
"""What the emulated Glance says on the bus."""

import json
import pathlib
from typing import Any

from werkzeug import test
from werkzeug import wrappers

from tests import emulator
from tests.emulator import application
from tests.emulator import bus
from tests.emulator.shapes import image as shapes
from tests.unit.emulator import asking

SAMPLES = pathlib.Path(__file__).parents[2] / "samples" / "notifications"
IMAGES = "/image/v2/images"


def _upload(cloud: emulator.Cloud, admin: asking.Client, key: str) -> None:
    token = next(one for one in cloud.tokens.values() if one.project_id == admin.project_id)
    headers = {"X-Auth-Token": token.id, "Content-Type": "application/octet-stream"}
    builder = test.EnvironBuilder(
        f"{IMAGES}/{key}/file", asking.HOST, method="PUT", headers=headers, data=b"hello"
    )
    request = wrappers.Request(builder.get_environ())
    builder.close()
    assert application.Application(cloud).respond(request).status == 204


def _keys(payload: Any) -> set[str]:
    return set(payload) - {"properties"}


def test_messages_are_as_the_real_ones(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """Exchange, sender, keys and status are those of messages that a real Glance sent."""
    messages: list[bus.Message] = []
    cloud.bus.listen(messages.append)
    formats = {"disk_format": "raw", "container_format": "bare"}
    key = admin("POST", IMAGES, {"name": "i", "wings": "2", **formats}).body["id"]
    _upload(cloud, admin, key)
    admin("GET", f"{IMAGES}/{key}/file")
    admin("PUT", f"{IMAGES}/{key}/tags/t")
    admin.delete(f"{IMAGES}/{key}")
    said = {message.event_type: message for message in messages}
    assert [*said] == [
        *("image.create", "image.prepare", "image.upload", "image.activate"),
        *("image.send", "image.update", "image.delete"),
    ]
    assert said["image.create"].payload["properties"] == {"wings": "2"}
    for sample in json.loads((SAMPLES / "glance.json").read_text(encoding="utf-8")):
        mine = said[sample["event_type"]]
        assert (mine.exchange, mine.publisher_id) == (sample["exchange"], sample["publisher_id"])
        assert _keys(mine.payload) == _keys(sample["payload"]), sample["event_type"]
        if sample["event_type"] != "image.update":
            assert mine.payload.get("status") == sample["payload"].get("status")


def test_image_in_use(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """An image that is in use is 409 to delete."""
    row = shapes.image(cloud, "i", admin.project_id)
    cloud.settings.images_in_use.add(row["id"])
    assert admin.delete(f"{IMAGES}/{row['id']}") == 409
