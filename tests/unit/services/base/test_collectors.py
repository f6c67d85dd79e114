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
from cleanupd.services.base import notification
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

    namespace = "there"

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
    assert image.SERVICE == "image"


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


class Failing(Collector):
    """Cannot be made."""

    def __init__(self, *_arguments, **_options):
        """Fail."""
        raise KeyError("a bug")


class Handlerless(Collector):
    """Forgot its handler."""

    notification_handler = None


class Misspelt(Handler):
    """Wants publishers of a pattern that is none."""

    PUBLISHER_ID = "(nova"


class Deaf(Collector):
    """Has a handler that nobody can register."""

    notification_handler = Misspelt()


@pytest.mark.parametrize("plugin", [Failing, Handlerless, Deaf])
def test_a_collector_that_fails_at_once_stops_no_other(plugin, caplog):
    """It is told, and its service is known by listings alone."""
    cloud = fakes.FakeCloud().add(sample.record("network.port", "p"))
    loader = Loader(compute=ComputeCollector, network=plugin)
    managing = collectors.CollectorManager(
        cloud, fakes.make_managers(), lambda: NOON, loader=loader
    )
    assert [refusal.name for refusal in managing.refused] == ["image", "network"]
    assert "plugin 'network' of there is not used: it fails" in caplog.text
    assert type(managing.get_collector("compute")) is ComputeCollector
    network = managing.get_collector("network")
    network.synchronize()
    assert [record.ref.id for record in network.cluster_data_model] == ["p"]
    notification.NotificationHandlerManager(managing.get_notification_handlers())


def test_a_service_that_the_cloud_lacks_stops_no_other(managing):
    """Its kinds are not to be believed, with the reason; the others are listed."""
    network = managing.get_collector("network")
    reason = "the catalogue has no such endpoint in this region"
    error = exceptions.ServiceUnreachable("network", "", reason)
    for plugin in network.managers.values():
        plugin.list = lambda _cloud, _listings: (_ for _ in ()).throw(error)
    for one in managing.get_collectors().values():
        one.synchronize()
    assert {trust.reason for trust in network.cluster_data_model.trust.values()} == {str(error)}
    assert managing.get_collector("compute").cluster_data_model.trust["compute.server"].is_fresh


def test_entry_points_are_loaded_and_broken_ones_told(tmp_path, monkeypatch):
    """Each by the name of its service; one that cannot be imported is refused."""
    package = tmp_path / "smithy_cleanup-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: smithy-cleanup\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[smithy.collectors]\nnetwork = tests.unit.services.base.test_collector:Collector\n"
        "image = nowhere_at_all:Collector\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found, (refusal,) = collectors.ClusterModelCollectorLoader("smithy.collectors").load()
    assert found == {"network": Collector}
    assert "'image' of smithy.collectors is not used: it did not load, Module" in str(refusal)


class Serviceless(Collector):
    """Does not say what it collects."""

    SERVICE = None


class Hasty(ComputeCollector):
    """Does not say how often it lists."""

    SERVICE = "image"
    OPTS = ()


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (object, "no subclass"),
        (Abstract, "does not say how to notification_handler"),
        (Collector, "collects network"),
        (Serviceless, "collects None"),
        (Hasty, "has no option period"),
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
