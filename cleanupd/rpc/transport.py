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

"""The bus: oslo.messaging on our own options, and the daemon at the other end."""

from collections.abc import Iterator
import contextlib
import importlib
import socket
from typing import Any

from oslo_config import cfg
import oslo_messaging  # type: ignore[import-untyped]
from oslo_messaging import opts as messaging_opts

from cleanupd import exceptions
from cleanupd.rpc import api
from cleanupd.rpc import client

#: oslo.messaging 18 reads these groups from the options that it is given, but
#: registers them on the global ones only.
_UNLISTED = {
    "oslo_messaging_metrics": "oslo_messaging._metrics.client",
    "oslo_messaging_tracing": "oslo_messaging._tracing.client",
}
#: How long to wait for a TCP connection to a broker before the next is tried.
_CONNECT_TIMEOUT_S = 5.0
_PORTS = {"rabbit": 5672, "amqp": 5672}
#: After so long an answer is given up that the daemon says to be working on.
_LONGEST_CALL_S = 3600


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register what oslo.messaging reads, so that it can be used with these options."""
    for group, options in messaging_opts.list_opts():
        conf.register_opts(options, group=group)
    for group, module in _UNLISTED.items():
        with contextlib.suppress(ModuleNotFoundError):
            conf.register_opts(getattr(importlib.import_module(module), group), group=group)
    conf.set_default("control_exchange", "cleanupd")


def get_transport(conf: cfg.ConfigOpts) -> oslo_messaging.Transport:
    """Return the bus that the options name; nothing is connected yet.

    Raises InvalidOptions where the options make no sense.
    """
    register_opts(conf)
    try:
        return oslo_messaging.get_rpc_transport(conf)
    except (oslo_messaging.MessagingException, cfg.Error, ValueError) as error:
        text = " ".join(str(error).split())
        raise exceptions.InvalidOptions(f"transport_url cannot be used: {text}") from error


def check_reachable(conf: cfg.ConfigOpts, url: str | None = None) -> None:
    """Return if one of the brokers takes a connection; raises BusUnreachable if none does.

    They are those of ``transport_url`` where ``url`` names no others.
    oslo.messaging itself tries for ever and says so only in the log.
    """
    with translated():
        parsed = oslo_messaging.TransportURL.parse(conf, url)
    default_port = _PORTS.get(parsed.transport)
    if default_port is None:
        return
    reasons = []
    for host in parsed.hosts or [oslo_messaging.TransportHost("localhost")]:
        where = (host.hostname or "localhost", host.port or default_port)
        try:
            socket.create_connection(where, _CONNECT_TIMEOUT_S).close()
        except OSError as error:
            reasons.append(f"{where[0]}:{where[1]}: {error.strerror or error}")
        else:
            return
    raise exceptions.BusUnreachable("; ".join(reasons))


def connect(conf: cfg.ConfigOpts, address: api.Address) -> client.RpcClient:
    """Return a client of the daemon at an address; nothing is sent yet.

    A call raises BusUnreachable, or DaemonUnreachable unless the daemon
    answers, or says that it is at work, within ``rpc_response_timeout`` seconds.
    """
    caller = oslo_messaging.get_rpc_client(
        get_transport(conf),
        oslo_messaging.Target(topic=address.topic, server=address.server, version=api.VERSION),
        retry=1,
    )
    patience = conf.rpc_response_timeout

    def explain() -> str:
        """Say which versions do not go together; every daemon understands this ping."""
        first = caller.prepare(timeout=patience, version=f"{api.VERSION.partition('.')[0]}.0")
        return api.describe_mismatch(api.VERSION, str(first.call({}, "ping")))

    def call(method: str, arguments: dict[str, Any], *, is_long: bool) -> Any:
        check_reachable(conf)
        prepared = caller.prepare(
            timeout=_LONGEST_CALL_S if is_long else patience,
            call_monitor_timeout=patience if is_long else None,
        )
        with translated():
            try:
                return prepared.call({}, method, **arguments)
            except oslo_messaging.UnsupportedVersion as error:
                raise exceptions.Refused(explain()) from error
            except oslo_messaging.MessagingTimeout as error:
                reason = f"nothing came in {patience} s"
                raise exceptions.DaemonUnreachable(address.topic, reason) from error
            except oslo_messaging.RemoteError as error:
                if error.exc_type == oslo_messaging.UnsupportedVersion.__name__:
                    raise exceptions.Refused(explain()) from error
                reason = f"it does not know the request, {error.exc_type}: {error.value}"
                raise exceptions.DaemonUnreachable(address.topic, reason) from error

    return client.RpcClient(call)


def tell_all(conf: cfg.ConfigOpts, topic: str, method: str, arguments: dict[str, Any]) -> None:
    """Send a request to every daemon at a topic; none answers.  Raises BusUnreachable."""
    check_reachable(conf)
    target = oslo_messaging.Target(topic=topic, version=api.VERSION)
    with translated():
        caller = oslo_messaging.get_rpc_client(get_transport(conf), target, retry=1)
        caller.prepare(fanout=True).cast({}, method, **arguments)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise BusUnreachable in place of what oslo.messaging and its drivers raise."""
    try:
        yield
    except exceptions.CleanupdError:
        raise
    except Exception as error:
        # A boundary: a broker that refuses us is told in the words of each driver's library.
        text = " ".join(str(error).split())
        raise exceptions.BusUnreachable(f"{type(error).__name__}: {text}") from error
