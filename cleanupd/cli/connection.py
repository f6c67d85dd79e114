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

"""Makes the client that a command works with: an engine in this process, or the daemon's."""

import argparse
from collections.abc import Callable
import os
import pathlib
from typing import TYPE_CHECKING

from cleanupd import exceptions

if TYPE_CHECKING:
    from oslo_config import cfg

    from cleanupd import cloud
    from cleanupd.cli import in_process
    from cleanupd.conf import settings
    from cleanupd.engine import progress as progresses
    from cleanupd.engine import sweep
    from cleanupd.journal import places
    from cleanupd.journal import sql
    from cleanupd.rpc import client

#: What to do where another process removes what is written in a journal.
_ADVICE = "ask the daemon by --config-file without --os-cloud, or wait for the command to end"


def connect(
    options: argparse.Namespace,
    progress: "progresses.Progress",
    say: Callable[[str], None],
) -> "client.Client":
    """Return a client for the cloud that the options name, or for the daemon.

    A broken configuration is told here, and a daemon that does not answer; an
    unreachable cloud when the client is first asked for something.
    """
    if options.os_cloud:
        return _in_process(options, progress, say)
    conf = _load(options)
    if not conf.config_file and "OS_DEFAULT__TRANSPORT_URL" not in os.environ:
        raise exceptions.UsageError(
            "no cloud is named: give --os-cloud NAME (or OS_CLOUD) to work in this process,"
            " or --config-file FILE of the daemon to ask"
        )
    from cleanupd.conf import settings
    from cleanupd.rpc import transport

    daemon = transport.connect(conf, settings.make_settings(conf).address)
    # A question that takes long is awaited long; whether anybody listens is known soon.
    daemon.ping()
    return daemon


def connect_engine(options: argparse.Namespace) -> "sweep.Engine":
    """Return an engine in this process for the cloud that the options name."""
    if not options.os_cloud:
        raise exceptions.UsageError("no cloud is named: give --os-cloud NAME (or OS_CLOUD)")
    from cleanupd.conf import settings
    from cleanupd.journal import places
    from cleanupd.journal import sql

    configured = settings.make_settings(_load(options))
    journal = sql.Journal(places.in_directory(state_directory(options.state_dir)))
    return _make_engine(options, journal, configured.engine)


def find_journal(options: argparse.Namespace) -> "places.Place":
    """Return where the journal of a state directory is if one is named, else the daemon's."""
    from cleanupd.conf import settings
    from cleanupd.journal import places

    if options.state_dir:
        return places.in_directory(pathlib.Path(options.state_dir))
    return settings.make_settings(_load(options)).journal


def rally_connection(options: argparse.Namespace) -> str | None:
    """Return the URL of Rally's database, None where no option names it."""
    from cleanupd.conf import settings

    return settings.make_settings(_load(options)).engine.rally


def connect_image_caches(
    options: argparse.Namespace, host: str | None, *, is_local: bool
) -> "client.ImageCaches":
    """Return the image caches of this machine, or those of a daemon's."""
    from cleanupd.conf import settings

    conf = _load(options)
    chosen = settings.make_settings(conf)
    if is_local:
        from cleanupd.image_cache import binding
        from cleanupd.image_cache import node

        binding.bind(chosen.image_caches.binding(_connect_glance))
        return node.Node(chosen.host)
    _check_bus(conf)
    from cleanupd.rpc import api
    from cleanupd.rpc import image_caches as remote
    from cleanupd.rpc import transport

    server = host or chosen.address.server
    daemon = transport.connect(conf, api.Address(topic=chosen.address.topic, server=server))
    daemon.ping()
    return remote.RemoteImageCaches(daemon)


def _connect_glance(name: str) -> "cloud.Cloud":
    from cleanupd import cloud

    return cloud.Cloud.connect(name)


def clean_everywhere(options: argparse.Namespace, name: str | None, free: int | None) -> None:
    """Ask every daemon at the topic to clean its image caches."""
    from cleanupd.conf import settings
    from cleanupd.rpc import transport

    conf = _load(options)
    _check_bus(conf)
    topic = settings.make_settings(conf).address.topic
    transport.tell_all(conf, topic, "image_cache_clean", {"name": name, "free": free})


def _check_bus(conf: "cfg.ConfigOpts") -> None:
    if not conf.config_file and "OS_DEFAULT__TRANSPORT_URL" not in os.environ:
        raise exceptions.UsageError(
            "no daemon is named: give --config-file FILE of the daemon to ask, or --local to"
            " work on the disks of this machine"
        )


def _in_process(
    options: argparse.Namespace,
    progress: "progresses.Progress",
    say: Callable[[str], None],
) -> "in_process.InProcessClient":
    from cleanupd.cli import in_process
    from cleanupd.conf import settings
    from cleanupd.journal import later
    from cleanupd.journal import places
    from cleanupd.journal import tenure

    configured = settings.make_settings(_load(options))
    directory = state_directory(options.state_dir)
    place = places.in_directory(directory)
    journal = later.Later(place)

    def make_engine(journal_: "sql.Journal") -> "sweep.Engine":
        engine = _make_engine(options, journal_, configured.engine)
        # Next the cloud is listed, for whose answers everybody waits.
        journal.prepare()
        return engine

    is_shared = place.url == configured.journal.url
    return in_process.InProcessClient(
        make_engine,
        journal.as_journal(),
        options.os_cloud,
        progress,
        say=say,
        terms=in_process.Terms(
            plan_lifetime_s=configured.rules.plan_lifetime_s,
            hold=lambda: tenure.held(directory, _ADVICE),
            why_daemons=None if is_shared else _why_daemons(options, configured),
        ),
    )


def _why_daemons(options: argparse.Namespace, configured: "settings.Settings") -> str | None:
    """Say why the removals in a cloud are a daemon's, None where no daemon is configured for it.

    It alone knows what it protects, has spent, and has seen.
    """
    chosen, region = configured.cloud, options.os_region_name
    if chosen.name != options.os_cloud or (chosen.region and region and chosen.region != region):
        return None
    return (
        f"a daemon is configured for cloud {chosen.name}, and its protections and budgets hold:"
        " leave --os-cloud (or OS_CLOUD) out and give --config-file FILE to ask it"
    )


def _make_engine(
    options: argparse.Namespace, journal: "sql.Journal", settings: "sweep.Settings"
) -> "sweep.Engine":
    from cleanupd import cloud
    from cleanupd.engine import sweep
    from cleanupd.services.base import registry

    managers, refused = registry.load_managers()
    # What a kind that nothing looks at is tied to would not be known.
    if refused:
        raise refused[0]
    if not managers:
        raise exceptions.PluginRefused(
            registry.NAMESPACE, "*", "no kind of resources has one; is cleanupd installed?"
        )
    connected = cloud.Cloud.connect(options.os_cloud, region=options.os_region_name)
    return sweep.Engine(connected, managers, journal, settings)


def _load(options: argparse.Namespace) -> "cfg.ConfigOpts":
    from cleanupd.conf import loading

    arguments = [word for file in options.config_file for word in ("--config-file", file)]
    try:
        return loading.load(arguments, program="cleanupctl")
    except exceptions.InvalidOptions as error:
        if arguments:
            raise
        raise exceptions.InvalidOptions(f"{error}; --config-file names another file") from error


def state_directory(given: str | None) -> pathlib.Path:
    """Return the given directory, or that of the XDG base directory specification."""
    if given:
        return pathlib.Path(given)
    home = os.environ.get("XDG_STATE_HOME")
    return (pathlib.Path(home) if home else pathlib.Path.home() / ".local" / "state") / "cleanupd"
