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
"""Loads the collectors and keeps the one instance of each."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import functools
import inspect
import re
from typing import Any
from typing import cast

from oslo_log import log
from stevedore import extension

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.core import model
from cleanupd.core import ownership
from cleanupd.core import resources
from cleanupd.services.base import collector
from cleanupd.services.base import manager
from cleanupd.services.base import notification

LOG = log.getLogger(__name__)

NAMESPACE = "cleanupd.cluster_model_collectors"

Plugins = dict[str, type[collector.BaseClusterModelCollector]]


class ClusterModelCollectorLoader:
    """Loads collectors by the names of their entry points."""

    def __init__(self, namespace: str = NAMESPACE) -> None:
        self.namespace = namespace

    def load(self) -> tuple[Plugins, tuple[exceptions.PluginRefused, ...]]:
        """Return the collectors by service, and what was refused and why; none stops the rest."""
        refused: list[exceptions.PluginRefused] = []

        def refuse(_: object, entry_point: object, error: BaseException) -> None:
            name = str(getattr(entry_point, "name", entry_point))
            LOG.error("Collector %(name)s did not load", {"name": name}, exc_info=error)
            reason = f"it did not load, {type(error).__name__}: {error}"
            refused.append(exceptions.PluginRefused(self.namespace, name, reason))

        loaded: extension.ExtensionManager[object] = extension.ExtensionManager(
            self.namespace, on_load_failure_callback=refuse
        )
        found, unfit = sort_out(self.namespace, loaded)
        return found, (*refused, *unfit)


def sort_out(
    namespace: str, loaded: Iterable["extension.Extension[object]"]
) -> tuple[Plugins, tuple[exceptions.PluginRefused, ...]]:
    """Return those of the loaded plugins that can be used, by service, and the refused ones."""
    found: Plugins = {}
    refused = []
    for one in loaded:
        if reason := _objection(one.name, one.plugin, found):
            refused.append(exceptions.PluginRefused(namespace, one.name, reason))
        else:
            found[one.name] = cast("type[collector.BaseClusterModelCollector]", one.plugin)
    return found, tuple(refused)


def _objection(name: str, plugin: object, found: Plugins) -> str:
    """Return why a plugin cannot collect the service ``name``, empty where it can."""
    if not (isinstance(plugin, type) and issubclass(plugin, collector.BaseClusterModelCollector)):
        return f"{plugin} is no subclass of BaseClusterModelCollector"
    if inspect.isabstract(plugin):
        missing = ", ".join(sorted(plugin.__abstractmethods__))
        return f"{plugin.__name__} does not say how to {missing}"
    service = getattr(plugin, "SERVICE", "no service")
    if name != service:
        return f"{plugin.__name__} collects {service}"
    if "period" not in {getattr(option, "dest", None) for option in plugin.OPTS}:
        return f"{plugin.__name__} has no option period"
    if name in found:
        return f"{found[name].__name__} collects {name} already"
    return ""


class UnheardHandler(notification.NotificationHandler):
    """Wants no message."""

    PUBLISHER_ID = r"(?!)"

    def __init__(self, owner: collector.BaseClusterModelCollector) -> None:
        self._owner = owner

    @property
    def model_collector(self) -> collector.BaseClusterModelCollector:
        """The collector whose model no message changes."""
        return self._owner

    def handle(self, message: notification.Message) -> None:
        """Do nothing."""


class ListingCollector(collector.BaseClusterModelCollector):
    """Keeps the kinds of a service that has no collector of its own: by listings alone."""

    SERVICE = ""

    @functools.cached_property
    def notification_handler(self) -> UnheardHandler:
        """What wants no message."""
        return UnheardHandler(self)


def only_listing(service: str) -> type[ListingCollector]:
    """Return the class of a service that has no collector of its own."""
    return type("ListingCollector", (ListingCollector,), {"SERVICE": service})


class CollectorManager:
    """The collectors of one region of one cloud, one instance for each service.

    ``managers`` are those of all kinds.  ``refused`` says which collectors
    could not be loaded, and why: their services' kinds are known by listings
    alone, as are those of services that have none.
    """

    def __init__(
        self,
        cloud: clouds.Cloud,
        managers: Mapping[str, type[manager.ResourceManager]],
        clock: Callable[[], datetime.datetime],
        *,
        find_part: ownership.FindPart = ownership.no_part,
        loader: ClusterModelCollectorLoader | None = None,
    ) -> None:
        self.loader = loader or ClusterModelCollectorLoader()
        plugins, self.refused = self.loader.load()
        self._collectors = {
            name: self._make(
                plugins.get(name) or only_listing(name),
                cloud,
                {k: one for k, one in managers.items() if one.KIND.service == name},
                clock,
                find_part,
            )
            for name in sorted({one.KIND.service for one in managers.values()})
        }
        for refusal in self.refused:
            LOG.error("%(refusal)s", {"refusal": refusal})

    def get_collectors(self) -> dict[str, collector.BaseClusterModelCollector]:
        """Return the collectors by service."""
        return dict(self._collectors)

    def get_collector(self, name: str) -> collector.BaseClusterModelCollector:
        """Return the collector of a service; raises UnknownService."""
        found = self._collectors.get(name)
        if found is None:
            raise exceptions.UnknownService(name, tuple(self._collectors))
        return found

    def get_notification_handlers(self) -> list[notification.NotificationHandler]:
        """Return the handler of each collector."""
        return [one.notification_handler for one in self._collectors.values()]

    def get_latest_cluster_data_models(self) -> dict[str, model.ModelRoot]:
        """Return the models by service, as they are now."""
        return {
            name: one.get_latest_cluster_data_model() for name, one in self._collectors.items()
        }

    def _make(
        self,
        plugin: type[collector.BaseClusterModelCollector],
        cloud: clouds.Cloud,
        managers: collector.Managers,
        clock: collector.Clock,
        find_part: ownership.FindPart,
    ) -> collector.BaseClusterModelCollector:
        """Return an instance of a plugin, or what stands in for one that cannot be used."""
        options: Any = {"peers": self._find_records, "find_part": find_part}
        try:
            made = plugin(cloud, managers, clock, **options)
            re.compile(made.notification_handler.get_publisher_id())
        except Exception as error:  # the other services are kept alive: a plugin may do anything
            LOG.exception("Collector %(name)s cannot be used", {"name": plugin.SERVICE})
            reason = f"it fails, {type(error).__name__}: {error}"
            refusal = exceptions.PluginRefused(self.loader.namespace, plugin.SERVICE, reason)
            self.refused = (*self.refused, refusal)
            return only_listing(plugin.SERVICE)(cloud, managers, clock, **options)
        return made

    def _find_records(self, kind: str) -> Iterable[resources.Resource] | None:
        """Return all records of a kind, None where it cannot be listed."""
        for one in self._collectors.values():
            if kind in one.managers:
                return one.records_of(kind)
        return None
