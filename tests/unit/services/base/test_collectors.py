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
"""Collectors are loaded once, and one that cannot be used does not stop the rest."""

import datetime
import re

import pytest

from cleanupd import exceptions
from cleanupd.services.base import collector
from cleanupd.services.base import collectors
from tests.unit.core import sample
from tests.unit.engine import fakes
from tests.unit.services.base.test_collector import Collector
from tests.unit.services.base.test_collector import Handler

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


class ComputeCollector(Collector):
    """Collects the kinds of the sample's Nova."""

    SERVICE = "compute"


class Abstract(collector.BaseClusterModelCollector):
    """Has no handler."""

    SERVICE = "image"


class Loader:
    """Loads what it was given."""

    def __init__(self, **plugins):
        """Keep the plugins."""
        self.plugins = plugins

    def load(self):
        """Return them, and one that was refused."""
        return self.plugins, (exceptions.PluginRefused("there", "image", "it is broken"),)


class Point:
    """An entry point that was loaded."""

    def __init__(self, name, plugin):
        """Keep name and plugin."""
        self.name, self.plugin = name, plugin


@pytest.fixture
def managing():
    """Give the manager of two collectors over a cloud with a server and a port."""
    cloud = fakes.FakeCloud().add(
        sample.record("compute.server", "s"), sample.record("network.port", "p")
    )
    loader = Loader(compute=ComputeCollector, network=Collector)
    return collectors.CollectorManager(cloud, fakes.make_managers(), lambda: NOON, loader=loader)


def test_each_collector_has_the_kinds_of_its_service(managing):
    """Every service is in the model of its own collector, and in no other."""
    for one in managing.get_collectors().values():
        one.synchronize()
    models = managing.get_latest_cluster_data_models()
    assert {r.ref.id for r in models["compute"]} == {"s"}
    assert {r.ref.id for r in models["network"]} == {"p"}


def test_there_is_one_instance_of_each(managing):
    """Asked twice, it is the same one, and its handler is among all handlers."""
    assert managing.get_collector("compute") is managing.get_collectors()["compute"]
    found = [type(one) for one in managing.get_notification_handlers()]
    assert found.count(Handler) == 2
    with pytest.raises(exceptions.UnknownService, match=r"compute, .*network"):
        managing.get_collector("dns")


def test_a_collector_that_was_refused_is_told(managing):
    """The others are there all the same, and its service is known by listings alone."""
    assert [refusal.name for refusal in managing.refused] == ["image"]
    image = managing.get_collector("image")
    image.synchronize()
    assert image.cluster_data_model.trust["image.image"].is_fresh
    pattern = image.notification_handler.get_publisher_id()
    assert not any(re.search(pattern, publisher) for publisher in ("", "image.one"))
    assert image.notification_handler.model_collector is image


def test_one_collector_knows_what_another_has_listed(managing):
    """A kind of another service is listed when it never was; one that nobody has is not known."""
    compute = managing.get_collector("compute")
    plugin = compute.managers["compute.server"]
    plugin.KIND = sample.KINDS["network.port"].__class__(
        name="compute.server", identity_fields=(), listed_after=("network.port", "dns.zone")
    )
    compute.synchronize()
    reason = compute.cluster_data_model.trust["compute.server"].reason
    assert "dns.zone is not known" in reason
    assert managing.get_collector("network").cluster_data_model.trust["network.port"].is_fresh


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (object, "no subclass"),
        (Abstract, "does not say how to notification_handler"),
        (Collector, "collects network"),
    ],
)
def test_what_cannot_collect_is_refused(plugin, reason):
    """A plugin of another sort, an abstract one and one of another service are refused."""
    found, refused = collectors.sort_out("here", [Point("image", plugin)])
    assert not found
    assert reason in str(refused[0])


def test_of_two_for_one_service_the_first_stays():
    """The second is refused."""
    points = [Point("network", Collector), Point("network", Collector)]
    found, refused = collectors.sort_out("here", points)
    assert found == {"network": Collector}
    assert "already" in str(refused[0])
