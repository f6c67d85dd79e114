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

"""What Heat tells on the bus."""

import pytest

from cleanupd.services.orchestration import collector
from tests.unit.services import hearing

HANDLER = collector.notifications.HeatNotificationHandler
SAMPLES = list(hearing.samples("orchestration"))


def test_every_event_type_is_thought_of():
    """What Heat's code can send is handled or ignored for a reason, and never both."""
    assert hearing.event_types("orchestration") == HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(message):
    """A stack that something happened to is read; one that is removed is gone."""
    ears = hearing.Hearing(collector.HeatClusterModelCollector)
    found = ears.hear(message["publisher_id"], message["event_type"], message["payload"])
    word = "deleted" if message["event_type"].endswith("delete.end") else "touched"
    assert found == [(word, "stack", message["payload"]["stack_identity"])]
