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
"""What Designate's messages change."""

import pytest

from cleanupd.services.dns import collector
from tests.unit.services import hearing

HANDLER = collector.notifications.DesignateNotificationHandler
SAMPLES = list(hearing.samples("dns"))


@pytest.fixture
def ears():
    """Give a collector of Designate's that knows nothing yet."""
    return hearing.Hearing(collector.DesignateClusterModelCollector)


def test_every_event_type_is_thought_of():
    """What Designate's code can send is handled or ignored for a reason, and never both."""
    assert hearing.event_types("dns") <= HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """What was made or changed is read; a recordset that was removed is gone."""
    event_type, payload = message["event_type"], message["payload"]
    found = ears.hear(message["publisher_id"], event_type, payload)
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    if event_type in HANDLER.IGNORED:
        assert found == []
        return
    word = "deleted" if event_type == "dns.recordset.delete" else "touched"
    is_sharing = event_type.endswith("share")
    noun = event_type.split(".")[1]
    assert found == [(word, noun, payload["zone_id" if is_sharing else "id"])]


def test_a_recordset_that_nobody_knew_is_looked_for(ears):
    """Designate leads from its id to its zone."""
    ears.hear("central.ctl", "dns.recordset.create", {"id": "r1"})
    assert ears.collector.read_touched() == 1
    assert [asked[1] for asked in ears.cloud.requests] == ["/recordsets/r1"]
