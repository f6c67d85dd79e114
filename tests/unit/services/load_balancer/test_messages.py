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
"""What Octavia's messages change."""

import pytest

from cleanupd.services.load_balancer import collector
from cleanupd.services.load_balancer import resources as managers
from tests.unit.services import answers
from tests.unit.services import hearing

HANDLER = collector.notifications.OctaviaNotificationHandler
SAMPLES = list(hearing.samples("load_balancer"))
INSIDE = {
    managers.ListenerManager: "listeners",
    managers.PoolManager: "pools",
    managers.HealthMonitorManager: "health_monitors",
    managers.L7PolicyManager: "l7_policies",
    managers.AmphoraManager: "amphorae",
    managers.LoadBalancerManager: "load_balancers",
}


@pytest.fixture
def ears():
    """Give a collector of Octavia's that knows what was recorded."""
    ears = hearing.Hearing(collector.OctaviaClusterModelCollector)
    for plugin, name in INSIDE.items():
        cloud = answers.always(answers.sample(f"load_balancer/{name}"))
        ears.know(*plugin.TABLE.records(cloud, "/x?"))
    return ears


def test_every_event_type_is_thought_of():
    """What Octavia's code can send is handled."""
    assert hearing.event_types("load_balancer") == HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """Octavia names no publisher; a load balancer is read, or gone."""
    found = ears.hear("", message["event_type"], message["payload"])
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    word = "deleted" if "delete" in message["event_type"] else "touched"
    assert found == [(word, "load_balancer", message["payload"]["loadbalancer_id"])]


def test_all_that_is_in_a_load_balancer_goes_with_it(ears):
    """Nothing of it is left in the model."""
    model = ears.collector.cluster_data_model
    [balancer] = model.of_kind("load_balancer.load_balancer")
    told = {"loadbalancer_id": balancer.ref.id}
    ears.hear("", "octavia.loadbalancer.delete.end", told, seconds=1)
    left = ears.collector.cluster_data_model
    assert [kind for kind in left.roots if list(left.of_kind(kind))] == []
