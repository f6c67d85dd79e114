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
"""What Glance's messages change."""

import json

import pytest

from cleanupd.services.image import collector
from cleanupd.services.image import resources as managers
from tests.unit.services import answers
from tests.unit.services import hearing

HANDLER = collector.notifications.GlanceNotificationHandler
PUBLISHER = "image.localhost"
SAMPLES = list(hearing.samples("image"))
IMAGE = next(one["payload"] for one in SAMPLES if one["event_type"] == "image.create")


@pytest.fixture
def ears():
    """Give a collector of Glance's that knows nothing yet."""
    return hearing.Hearing(collector.GlanceClusterModelCollector)


def test_every_event_type_is_thought_of():
    """What Glance's code can send is handled or ignored for a reason, and never both."""
    assert hearing.event_types("image") == HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """Each message of a real Glance says what its event type promises."""
    found = ears.hear(message["publisher_id"], message["event_type"], message["payload"])
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    if message["priority"] == "ERROR" or message["event_type"] == "image.send":
        assert found == []
    else:
        word = "deleted" if message["event_type"] == "image.delete" else "updated"
        assert found == [(word, "image", message["payload"]["id"])]


def test_a_message_says_what_a_listing_says(ears):
    """The record from a message is the one that the API's answer gives."""
    ears.hear(PUBLISHER, "image.create", IMAGE)
    told = managers.ImageManager.TABLE.decode(json.dumps(IMAGE).encode(), answers.PLACE)
    assert ears.get("image.image", IMAGE["id"]) == told


def test_what_happens_to_an_image_is_known(ears):
    """Name and status are as the last message says, whichever came last."""
    ears.hear(PUBLISHER, "image.create", IMAGE)
    ears.hear(PUBLISHER, "image.activate", IMAGE | {"status": "active"}, seconds=4)
    ears.hear(PUBLISHER, "image.update", IMAGE | {"status": "saving"}, seconds=2)
    assert ears.collector.read_touched() == 1  # which of the two is newer, nothing tells
    ears.hear(PUBLISHER, "image.update", IMAGE | {"protected": True}, seconds=6)
    assert ears.get("image.image", IMAGE["id"]) is None  # the reading found it gone


def test_an_image_that_is_deleted_is_gone(ears):
    """It stays gone, whatever comes late."""
    ears.hear(PUBLISHER, "image.create", IMAGE)
    ears.hear(PUBLISHER, "image.delete", IMAGE | {"deleted": True}, seconds=2)
    ears.hear(PUBLISHER, "image.update", IMAGE, seconds=1)
    assert ears.get("image.image", IMAGE["id"]) is None
    assert ears.collector.read_touched() == 0


def test_an_image_that_is_to_be_deleted_is_read(ears):
    """With delayed_delete it is still there."""
    found = ears.hear(PUBLISHER, "image.delete", IMAGE | {"deleted": False})
    assert found == [("touched", "image", IMAGE["id"])]


def test_a_failed_upload_has_its_image_read(ears):
    """Glance tells people, and not programs: the id in the sentence counts, if it is known."""
    ears.hear(PUBLISHER, "image.create", IMAGE)
    found = ears.hear(
        PUBLISHER, "image.upload", f"Cannot save data for image {IMAGE['id']}: disk full"
    )
    assert found == [("touched", "image", IMAGE["id"])]


def test_half_an_image_has_failed(ears):
    """A payload that is no image is counted."""
    assert ears.hear(PUBLISHER, "image.update", {"id": "1"}) == []
    assert ears.manager.counts == hearing.notification.Counts(failed=1)
