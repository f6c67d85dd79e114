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
"""The plugin that the documentation shows does what the documentation says."""

import datetime
import json

from cleanupd.services.base import collectors
from cleanupd.services.base import notification
from cleanupd.services.base import registry
from tests.plugin import smithy_cleanup as smithy
from tests.unit.services import answers

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
ANVIL = {"id": "a", "name": "big", "project_id": "p", "created_at": "2026-01-01T10:00:00Z"}
HAMMERED = {**ANVIL, "name": "bigger"}


class Point:
    """An entry point that was loaded."""

    name = "smithy"
    plugin = smithy.SmithyClusterModelCollector


class Loader:
    """Loads the plugin and no other."""

    def load(self):
        """Return it as its entry point would be."""
        return collectors.sort_out("here", [Point()])


def hear(cloud):
    """Return the plugin's collector, and what hands it a message."""
    managers, refused = registry.check_managers([("smithy.anvil", smithy.AnvilManager)])
    assert not refused
    managing = collectors.CollectorManager(cloud, managers, lambda: NOON, loader=Loader())
    assert not managing.refused
    dispatcher = notification.NotificationHandlerManager(managing.get_notification_handlers())

    def tell(event_type, payload, minutes=1):
        sent_at = NOON + datetime.timedelta(minutes=minutes)
        message = notification.Message("smithy.host", event_type, payload, sent_at)
        dispatcher.dispatch(message)
        assert dispatcher.counts.failed == dispatcher.counts.unknown == 0

    return managing.get_collector("smithy"), tell


def names(collector):
    """Return the names of the anvils in the model."""
    return [one.name for one in collector.cluster_data_model.of_kind("smithy.anvil")]


def test_it_lists_its_kind():
    """A listing makes the model, which is to be believed."""
    cloud = answers.always(json.dumps({"anvils": [ANVIL]}).encode())
    cloud.visibility = lambda: None
    collector, _ = hear(cloud)
    collector.synchronize()
    assert names(collector) == ["big"]
    assert collector.cluster_data_model.trust["smithy.anvil"].is_fresh


def test_it_follows_its_messages():
    """What is told is in the model at once, and what is touched when it was read."""
    collector, tell = hear(answers.always(json.dumps({"anvil": HAMMERED}).encode()))
    tell("anvil.create", ANVIL)
    assert names(collector) == ["big"]
    tell("anvil.ring", {})
    tell("anvil.forge", {"id": "a"})
    assert (names(collector), collector.touched) == (["big"], 1)
    collector.read_touched()
    assert names(collector) == ["bigger"]


def test_what_is_told_to_be_gone_is_gone():
    """A message takes it out of the model."""
    collector, tell = hear(answers.always(b"{}"))
    tell("anvil.create", ANVIL)
    tell("anvil.delete", {"id": "a"}, minutes=2)
    assert names(collector) == []
