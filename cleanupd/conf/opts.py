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

"""All options of cleanupd, for registration and for oslo-config-generator."""

import copy
import functools

from oslo_config import cfg
from oslo_db import options as database  # type: ignore[import-untyped]

from cleanupd.conf import budget
from cleanupd.conf import cloud
from cleanupd.conf import coordination
from cleanupd.conf import default
from cleanupd.conf import image_cache
from cleanupd.conf import ladder
from cleanupd.conf import names
from cleanupd.conf import notifications
from cleanupd.conf import rally
from cleanupd.conf import rpc
from cleanupd.conf import safety
from cleanupd.conf import schedule
from cleanupd.conf import scheduler
from cleanupd.conf import services
from cleanupd.conf import sweep
from cleanupd.conf import sync
from cleanupd.core import kinds
from cleanupd.services.base import collectors
from cleanupd.services.base import registry

_GROUPS = (
    cloud,
    names,
    services,
    sync,
    sweep,
    budget,
    safety,
    scheduler,
    coordination,
    rally,
    rpc,
    notifications,
    image_cache,
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options of all groups, so that they can be read."""
    conf.register_opts(default.OPTS)
    conf.register_opts(database.database_opts, group="database")
    for group, options in _groups():
        conf.register_group(group)
        conf.register_opts(options, group=group)


def list_opts() -> list[tuple[cfg.OptGroup | str, list[cfg.Opt]]]:
    """Return copies of all options by group; the entry point ``oslo.config.opts``."""
    schedules = (schedule.SAMPLE_GROUP, schedule.OPTS)
    return [("DEFAULT", copy.deepcopy(default.OPTS)), *_groups(), copy.deepcopy(schedules)]


def _groups() -> list[tuple[cfg.OptGroup, list[cfg.Opt]]]:
    # An OptGroup keeps the values of the ConfigOpts that it is registered with:
    # two readings of the options must not share one.
    core = [(module.GROUP, module.OPTS) for module in _GROUPS]
    return [copy.deepcopy(one) for one in (*core, *plugin_groups(), *image_cache.groups())]


@functools.cache
def managers() -> registry.Managers:
    """Return the plugins that manage kinds, loaded once."""
    return registry.load_managers()[0]


def known_kinds() -> tuple[kinds.Kind, ...]:
    """Return the declarations of all kinds."""
    return tuple(manager.KIND for manager in managers().values())


@functools.cache
def collector_classes() -> collectors.Plugins:
    """Return the plugins that keep a service's part of the model, loaded once."""
    return collectors.ClusterModelCollectorLoader().load()[0]


def services_of_kinds() -> tuple[str, ...]:
    """Return the services of which there are kinds."""
    return tuple(sorted({manager.KIND.service for manager in managers().values()}))


def plugin_groups() -> tuple[tuple[cfg.OptGroup, list[cfg.Opt]], ...]:
    """Return the options that plugins bring, in a group for each of their services."""
    found: dict[str, list[cfg.Opt]] = {
        service: list(collector_classes().get(service, collectors.ListingCollector).OPTS)
        for service in services_of_kinds()
    }
    for _, manager in sorted(managers().items()):
        found[manager.KIND.service].extend(manager.OPTS)
    for service, options in found.items():
        options.extend(ladder.options(service, known_kinds()))
    return tuple(
        (cfg.OptGroup(service, title=f"Resources of the service {service}"), options)
        for service, options in found.items()
    )
