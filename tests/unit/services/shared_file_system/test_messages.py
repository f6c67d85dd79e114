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
"""What Manila's messages change."""

import pytest

from cleanupd.services.shared_file_system import collector
from tests.unit.services import hearing

HANDLER = collector.notifications.ManilaNotificationHandler
SAMPLES = list(hearing.samples("shared_file_system"))


@pytest.fixture
def ears():
    """Give a collector of Manila's that knows nothing yet."""
    return hearing.Hearing(collector.ManilaClusterModelCollector)


def test_every_event_type_is_thought_of():
    """What Manila's code can send is handled or ignored for a reason, and never both."""
    known = HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert hearing.event_types("shared_file_system") <= known
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """What was made or changed is read; a share whose removal has ended is gone."""
    event_type, payload = message["event_type"], message["payload"]
    found = ears.hear(message["publisher_id"], event_type, payload)
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    word = "deleted" if event_type == "share.delete.end" else "touched"
    noun = event_type.partition(".")[0]
    about = payload.get("share_types", payload)
    assert found == [(word, noun, about["share_id" if noun == "share" else "id"])]


def test_a_type_that_could_not_be_made_is_nothing(ears):
    """It has no id."""
    assert ears.hear("shareType.ctl", "share_type.create", {"error_message": "no"}) == []
