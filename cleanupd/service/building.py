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

"""Builds the daemon of options, runs it, and follows the options when they change."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import logging
import os
from typing import cast

from oslo_config import cfg
from oslo_log import log

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.conf import changes
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.engine import clock
from cleanupd.engine import sweep as sweeps
from cleanupd.journal import sql
from cleanupd.journal import tenure
from cleanupd.rpc import api
from cleanupd.rpc import client
from cleanupd.rpc import server
from cleanupd.rpc import transport
from cleanupd.service import daemon as daemons
from cleanupd.service import image_caches
from cleanupd.service import notifier
from cleanupd.service import supervisor as supervisors
from cleanupd.services.base import registry

LOG = log.getLogger(__name__)

Load = Callable[[], cfg.ConfigOpts]
Daemon = daemons.Daemon | image_caches.NodeDaemon
SetUpLogging = Callable[[cfg.ConfigOpts], None]


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the daemon until a signal ends it; return its exit code.

    Raises a CleanupdError, whose text is for the operator, if it cannot be built.
    """
    supervisor = build(lambda: loading.load(arguments), environment, set_up_logging)
    supervisor.inbox.listen_to_signals()
    return supervisor.run()


def build(
    load: Load, environment: Mapping[str, str], set_up: SetUpLogging
) -> supervisors.Supervisor:
    """Return a daemon that is connected to its cloud and not started; raises CleanupdError.

    ``load`` reads the options, now and at each SIGHUP.
    """
    conf = load()
    transport.register_opts(conf)
    chosen = settings.make_settings(conf)
    set_up(conf)
    daemon: Daemon
    if chosen.cloud.name is None and chosen.image_caches.is_any_on:
        daemon = image_caches.NodeDaemon(chosen, clock.now())
    else:
        daemon = daemons.Daemon(make_engine(chosen), chosen, clock.now())
    return supervisors.Supervisor(
        make_services(conf, chosen, daemon),
        notifier.Notifier(environment),
        Follower(load, conf, daemon, set_up).follow,
        stop_timeout_s=chosen.stop_timeout_s,
    )


def make_engine(chosen: settings.Settings) -> sweeps.Engine:
    """Connect to the cloud and return an engine for it; raises CleanupdError."""
    if chosen.cloud.name is None:
        raise exceptions.InvalidOptions(
            "[cloud] name is not set: give the name of a cloud in clouds.yaml,"
            " or the directory of an image cache"
        )
    if chosen.cloud.file is not None:
        # The SDK knows no other way to be told.
        os.environ["OS_CLIENT_CONFIG_FILE"] = chosen.cloud.file
    managers, refused = registry.load_managers()
    if refused:
        # What the plugin would have seen may be tied to what others remove.
        raise refused[0]
    if not managers:
        raise exceptions.CleanupdError("no plugin knows any kind: install cleanupd anew")
    cloud = clouds.Cloud.connect(
        chosen.cloud.name,
        region=chosen.cloud.region,
        pace=chosen.cloud.pace,
    )
    return sweeps.Engine(cloud, managers, sql.Journal(chosen.journal), chosen.engine)


def make_services(
    conf: cfg.ConfigOpts, chosen: settings.Settings, daemon: Daemon
) -> list[supervisors.Watched]:
    """Return the services in the order in which they start and stop."""
    services: list[supervisors.Watched] = []
    if not isinstance(daemon, image_caches.NodeDaemon):
        services += [
            tenure.Tenure(chosen.state_path),
            daemon.leadership,
            daemon.sweeper,
            daemon.fetcher,
        ]
        if chosen.notifications is not None:
            daemon.listen(conf, chosen.notifications)
            services.append(cast("supervisors.Watched", daemon.listener))
    services.append(daemon.image_caches)
    if chosen.has_rpc:
        address = api.Address(topic=chosen.address.topic, server=chosen.host)
        endpoint = server.Endpoint(
            cast("client.Client", daemon), daemon.status, daemon.image_caches.node
        )
        services.append(server.RpcServer(conf, address, endpoint))
    return [*services, daemon.scheduler]


def set_up_logging(conf: cfg.ConfigOpts) -> None:
    """Log as the options say; what logged before is closed.  Raises InvalidOptions."""
    before = list(logging.getLogger().handlers)
    try:
        log.setup(conf, "cleanupd")
    except (OSError, RuntimeError, ValueError, log.LogConfigError) as error:
        text = loading.one_line(error)
        raise exceptions.InvalidOptions(f"the log cannot be written: {text}") from error
    for handler in before:
        if handler not in logging.getLogger().handlers:
            handler.close()


class Follower:
    """Reads the options again and lets a daemon follow them."""

    def __init__(
        self,
        load: Load,
        conf: cfg.ConfigOpts,
        daemon: Daemon,
        set_up: SetUpLogging,
    ) -> None:
        self._load = load
        self._set_up_logging = set_up
        self._started_with = conf
        self._conf = conf
        self._daemon = daemon

    def follow(self) -> None:
        """Use the options as they are now; broken ones change nothing and are logged."""
        try:
            conf = self._load()
            transport.register_opts(conf)
            chosen = settings.make_settings(conf)
            self._log_as(conf)
        except exceptions.CleanupdError as error:
            LOG.error("The options stay as they were: %(why)s", {"why": error})  # noqa: TRY400
            return
        live = changes.find_changes(self._conf, conf).live
        self._daemon.follow(chosen)
        self._conf = conf
        LOG.info("Options changed: %(names)s", {"names": ", ".join(live) or "none"})
        if restart := changes.find_changes(self._started_with, conf).restart:
            LOG.warning("Restart cleanupd to use %(names)s", {"names": ", ".join(restart)})

    def _log_as(self, conf: cfg.ConfigOpts) -> None:
        try:
            self._set_up_logging(conf)
        except exceptions.InvalidOptions:
            self._set_up_logging(self._conf)
            raise
