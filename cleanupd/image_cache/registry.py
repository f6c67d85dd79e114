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
from typing import TypeVar

from oslo_log import log
from stevedore import extension

from cleanupd import exceptions
from cleanupd.image_cache import base

LOG = log.getLogger(__name__)

NAMESPACE = "cleanupd.image_caches"

Cache = type[base.ImageCache]
C = TypeVar("C", bound=Cache)

#: (priority, class), the highest priority first; of equal ones the first registered.
cache_cleanup_list: list[tuple[int, Cache]] = []


def cleanup(priority: int) -> Callable[[C], C]:
    """Return a decorator that registers a cache, whose constructor takes no parameters.

    It is cleaned when another cache of its file system needs room, the sooner
    the higher its ``priority``, a positive integer, is.  Raises ValueError
    for anything else, and TypeError for what is no class of caches, or cannot be made.
    """
    if type(priority) is not int or priority < 1:
        raise ValueError(f"the priority of a cache is a positive integer, not {priority!r}")

    def register(cache: C) -> C:
        _check(cache)
        cache_cleanup_list.append((priority, cache))
        # A stable sort: ties stay in the order in which they came.
        cache_cleanup_list.sort(reverse=True, key=lambda item: item[0])
        return cache

    return register


def _check(cache: Cache) -> None:
    if not (inspect.isclass(cache) and issubclass(cache, base.ImageCache)):
        raise TypeError(f"{cache!r} is no subclass of ImageCache")
    needed = [
        parameter.name
        for parameter in inspect.signature(cache).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise TypeError(f"{cache.__name__} cannot be made without {', '.join(needed)}")


@functools.cache
def load_caches() -> tuple[dict[str, Cache], tuple[exceptions.PluginRefused, ...]]:
    """Import the caches of all installed packages; return them by name, and what was refused.

    It is done once.  Importing registers those that are decorated.  A plugin that cannot be
    used is logged and left out, the others are loaded all the same.
    """
    refused: list[exceptions.PluginRefused] = []

    def refuse(_: object, entry_point: object, error: BaseException) -> None:
        name = str(getattr(entry_point, "name", entry_point))
        LOG.error("Image cache %(name)s did not load", {"name": name}, exc_info=error)
        reason = " ".join(f"it did not load, {type(error).__name__}: {error}".split())
        refused.append(exceptions.PluginRefused(NAMESPACE, name, reason))

    loaded: extension.ExtensionManager[object] = extension.ExtensionManager(
        NAMESPACE, on_load_failure_callback=refuse
    )
    caches: dict[str, Cache] = {}
    for one in sorted(loaded, key=lambda one: one.name):
        plugin = one.plugin
        if not (inspect.isclass(plugin) and issubclass(plugin, base.ImageCache)):
            reason = f"{plugin} is no subclass of ImageCache"
        elif plugin.name() in caches:
            reason = f"another cache is called {plugin.name()}, too"
        else:
            caches[plugin.name()] = plugin
            continue
        LOG.error("Image cache %(name)s: %(reason)s", {"name": one.name, "reason": reason})
        refused.append(exceptions.PluginRefused(NAMESPACE, one.name, reason))
    return caches, tuple(refused)


def known_caches() -> list[Cache]:
    """Return all caches: the registered in order of priority, then those that are not."""
    loaded = load_caches()[0].values()
    # Only now all of them are registered.
    registered = [cache for _, cache in cache_cleanup_list]
    return list(dict.fromkeys([*registered, *loaded]))
