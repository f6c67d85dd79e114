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

"""Which caches there are, and in what order they are cleaned for others' sake."""

from collections.abc import Callable
import functools
import inspect
import re
from typing import Any
from typing import TypeVar

from oslo_config import cfg
from oslo_log import log
from stevedore import extension

from cleanupd import exceptions
from cleanupd.image_cache import base
from cleanupd.image_cache import limits as policies

LOG = log.getLogger(__name__)

NAMESPACE = "cleanupd.image_caches"
#: What can be part of the name of a group of options.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

Cache = type[base.ImageCache]
C = TypeVar("C", bound=Cache)

#: (priority, class), the highest priority first; of equal ones the first registered.
cache_cleanup_list: list[tuple[int, Cache]] = []


def cleanup(priority: int) -> Callable[[C], C]:
    """Return a decorator that registers a cache, whose constructor takes no parameters.

    It is cleaned when another cache of its file system needs room, the sooner
    the higher its ``priority``, a positive integer, is.  Raises ValueError
    for anything else, and TypeError for what is no class of caches, or cannot be used.
    """
    if type(priority) is not int or priority < 1:
        raise ValueError(f"the priority of a cache is a positive integer, not {priority!r}")

    def register(cache: C) -> C:
        if reason := _objection(cache):
            raise TypeError(reason)
        cache_cleanup_list.append((priority, cache))
        # A stable sort: ties stay in the order in which they came.
        cache_cleanup_list.sort(reverse=True, key=lambda item: item[0])
        return cache

    return register


def _objection(plugin: object) -> str:
    """Return why something cannot be a cache, empty where it can."""
    if not (inspect.isclass(plugin) and issubclass(plugin, base.ImageCache)):
        return f"{plugin!r} is no subclass of ImageCache"
    needed = [
        parameter.name
        for parameter in inspect.signature(plugin).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        return f"{plugin.__name__} cannot be made without {', '.join(needed)}"
    if not _NAME.fullmatch(str(plugin.name())):
        return f"{plugin.__name__} is called {plugin.name()!r}: give letters, digits and _"
    return _objection_to_options(plugin)


def _objection_to_options(cache: Cache) -> str:
    """Return why the options of a cache cannot be registered, empty where they can."""
    strange = [one for one in cache.OPTS if not isinstance(one, cfg.Opt)]
    if strange:
        return f"{cache.__name__} has an option that is none: {strange[0]!r}"
    names = [one.dest for one in cache.OPTS]
    known = sorted({name for name in names if name in policies.OPTIONS or names.count(name) > 1})
    if known:
        return f"{cache.__name__} has options that there are already: {', '.join(known)}"
    return ""


class _Plugins(extension.ExtensionManager[object]):
    """Lets none end the loading of the others, whatever it raises when it is imported."""

    def _load_one_plugin(
        self, *arguments: Any, **named: Any
    ) -> extension.Extension[object] | None:
        try:
            return super()._load_one_plugin(*arguments, **named)
        except (AssertionError, SystemExit) as error:
            # stevedore would not go on after these.
            raise ImportError(repr(error)) from error


@functools.cache
def load_caches() -> tuple[dict[str, Cache], tuple[exceptions.PluginRefused, ...]]:
    """Import the caches of all installed packages; return them by name, and what was refused.

    It is done once.  Importing registers those that are decorated.  A plugin that cannot be
    used is logged and left out, the others are loaded all the same; of two with one name
    ours is used, or else the first.
    """
    refused: list[exceptions.PluginRefused] = []

    def refuse(_: object, entry_point: object, error: BaseException) -> None:
        name = str(getattr(entry_point, "name", entry_point))
        LOG.error("Image cache %(name)s did not load", {"name": name}, exc_info=error)
        reason = " ".join(f"it did not load, {type(error).__name__}: {error}".split())
        refused.append(exceptions.PluginRefused(NAMESPACE, name, reason))

    loaded = _Plugins(NAMESPACE, on_load_failure_callback=refuse)
    caches: dict[str, Cache] = {}
    for one in sorted(loaded, key=lambda one: (not _is_ours(one), one.name)):
        plugin: Any = one.plugin
        if reason := _objection_now(plugin, caches):
            LOG.error("Image cache %(name)s: %(reason)s", {"name": one.name, "reason": reason})
            refused.append(exceptions.PluginRefused(NAMESPACE, one.name, reason))
            _unregister(plugin)
        else:
            caches[plugin.name()] = plugin
    return caches, tuple(refused)


def _is_ours(one: "extension.Extension[object]") -> bool:
    return one.module_name.startswith("cleanupd.")


def _objection_now(plugin: Any, caches: dict[str, Cache]) -> str:
    """Return why a plugin cannot be used beside those that are, empty where it can."""
    try:
        reason = _objection(plugin)
    except Exception as error:  # the other caches are kept alive
        LOG.exception("%(plugin)r cannot be looked at", {"plugin": plugin})
        return f"{plugin!r} cannot be looked at, {type(error).__name__}: {error}"
    if not reason and caches.get(plugin.name(), plugin) is not plugin:
        return f"another cache is called {plugin.name()}, too"
    return reason


def _unregister(plugin: object) -> None:
    """Have a cache that was decorated before it was refused be cleaned for nobody's sake."""
    cache_cleanup_list[:] = [item for item in cache_cleanup_list if item[1] is not plugin]


def known_caches() -> list[Cache]:
    """Return all caches: the registered in order of priority, then those that are not."""
    loaded = load_caches()[0].values()
    # Only now all of them are registered.
    registered = [cache for _, cache in cache_cleanup_list]
    return list(dict.fromkeys([*registered, *loaded]))
