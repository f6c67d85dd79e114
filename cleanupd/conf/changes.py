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

"""What differs between two readings of the options, and what of it needs a restart."""

from collections.abc import Iterator
from typing import NamedTuple

from oslo_config import cfg
from oslo_log import log

from cleanupd.conf import image_cache
from cleanupd.conf import opts
from cleanupd.conf import schedule

#: What is made anew of these groups, and of those of plugins and schedules, while the daemon runs.
_LIVE_GROUPS = frozenset(
    {"budget", "image_cache", "names", "scheduler", "services", "sync", "sweep"}
)


class Changes(NamedTuple):
    """Options as people write them, in order."""

    #: Those that a running daemon can follow.
    live: tuple[str, ...]
    #: Those that it reads only when it starts.
    restart: tuple[str, ...]


def find_changes(old: cfg.ConfigOpts, new: cfg.ConfigOpts) -> Changes:
    """Return the options whose values differ; values are not told, some are secret."""
    before = dict(_values(old))
    logging = _log_options()
    plugins = (*opts.plugin_groups(), *image_cache.groups())
    groups = _LIVE_GROUPS | {group.name for group, _ in plugins}
    live: list[str] = []
    restart: list[str] = []
    for (group, name), value in _values(new):
        if before.get((group, name)) != value:
            is_schedule = group.startswith(schedule.PREFIX)
            is_live = group in groups or is_schedule or (group, name) in logging
            (live if is_live else restart).append(_spell(group, name))
    return Changes(tuple(sorted(live)), tuple(sorted(restart)))


def _values(conf: cfg.ConfigOpts) -> Iterator[tuple[tuple[str, str], object]]:
    for name in conf:
        value = conf[name]
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            yield from (((name, option), value[option]) for option in value)
        elif name not in ("config_file", "config_dir", "config_source"):
            yield ("DEFAULT", name), value


def _log_options() -> frozenset[tuple[str, str]]:
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    return frozenset(("DEFAULT", name) for name in conf)


def _spell(group: str, name: str) -> str:
    return name if group == "DEFAULT" else f"[{group}] {name}"
