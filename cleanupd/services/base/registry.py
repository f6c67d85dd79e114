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

"""Loading of the plugins that manage kinds, from their entry points."""

from collections.abc import Iterable
import inspect
from typing import cast

from oslo_log import log
from stevedore import extension

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.services.base import manager

LOG = log.getLogger(__name__)

NAMESPACE = "cleanupd.resource_managers"

Managers = dict[str, type[manager.ResourceManager]]


def load_managers(
    namespace: str = NAMESPACE,
) -> tuple[Managers, tuple[exceptions.PluginRefused, ...]]:
    """Return the managers by kind, and what was refused and why.

    A plugin that cannot be used is logged and left out; the others are
    loaded all the same.  Of two plugins for one kind neither is used, because
    nothing tells which of them knows what may be removed.
    """
    refused: list[exceptions.PluginRefused] = []

    def refuse(_: object, entry_point: object, error: BaseException) -> None:
        name = str(getattr(entry_point, "name", entry_point))
        LOG.error("Plugin %(name)s did not load", {"name": name}, exc_info=error)
        reason = f"it did not load, {type(error).__name__}: {error}"
        refused.append(exceptions.PluginRefused(namespace, name, " ".join(reason.split())))

    loaded: extension.ExtensionManager[object] = extension.ExtensionManager(
        namespace, on_load_failure_callback=refuse
    )
    managers, unfit = check_managers(((one.name, one.plugin) for one in loaded), namespace)
    for refusal in unfit:
        LOG.error("%(refusal)s", {"refusal": refusal})
    return managers, (*refused, *unfit)


def check_managers(
    plugins: Iterable[tuple[str, object]], namespace: str = NAMESPACE
) -> tuple[Managers, tuple[exceptions.PluginRefused, ...]]:
    """Return those of the loaded ``plugins`` that can be used, by kind, and the refused ones."""
    by_name: dict[str, list[object]] = {}
    for name, plugin in plugins:
        by_name.setdefault(name, []).append(plugin)
    managers: Managers = {}
    refused = []
    for name, candidates in sorted(by_name.items()):
        reason = _objection(name, candidates)
        if reason:
            refused.append(exceptions.PluginRefused(namespace, name, reason))
        else:
            managers[name] = cast("type[manager.ResourceManager]", candidates[0])
    return managers, tuple(refused)


def _objection(name: str, candidates: list[object]) -> str:
    """Return why none of ``candidates`` may manage the kind ``name``, empty where one may."""
    plugin = candidates[0]
    if len(candidates) > 1:
        return f"{len(candidates)} plugins have this name ({', '.join(map(str, candidates))})"
    if not (isinstance(plugin, type) and issubclass(plugin, manager.ResourceManager)):
        return f"{plugin} is no subclass of ResourceManager"
    if inspect.isabstract(plugin):
        missing = ", ".join(sorted(plugin.__abstractmethods__))
        return f"{plugin.__name__} does not say how to {missing}"
    kind = getattr(plugin, "KIND", None)
    if not isinstance(kind, kinds.Kind) or kind.name != name:
        declared = kind.name if isinstance(kind, kinds.Kind) else "no kind"
        return f"{plugin.__name__} declares {declared}"
    return ""
