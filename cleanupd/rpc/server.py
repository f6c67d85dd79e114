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

"""The daemon's end of the API: plain values in, plain values out.

Nothing that comes over the bus is trusted: a target is checked for its shape
here, and for what it may ask by whoever answers.
"""

from collections.abc import Callable
import functools
import types
from typing import Any
from typing import TypeVar

import msgspec
from oslo_config import cfg
from oslo_log import log
import oslo_messaging  # type: ignore[import-untyped]
from oslo_messaging.rpc import server as rpc_server  # type: ignore[import-untyped]

from cleanupd import exceptions
from cleanupd.core import lookup
from cleanupd.core import protections
from cleanupd.engine import sweep as sweeps
from cleanupd.image_cache import node
from cleanupd.rpc import api
from cleanupd.rpc import client
from cleanupd.rpc import models
from cleanupd.rpc import transport

LOG = log.getLogger(__name__)

Method = Callable[..., Any]
T = TypeVar("T", bound=msgspec.Struct)

#: What is told at once has to fit into one message of a broker, which takes 16 MiB.
MOST_RECORDS = 10_000

#: As much is kept of who asks.
LONGEST_NAME = 100


def _answering(method: Method) -> Method:
    """Return a method whose answer is plain, an exception too."""

    @functools.wraps(method)
    def answer(self: "Endpoint", context: object, **arguments: Any) -> Any:
        del context  # what a caller says of itself proves nothing
        try:
            return api.pack(method(self, **arguments))
        except exceptions.CleanupdError as error:
            LOG.info("%(method)s: %(error)s", {"method": method.__name__, "error": error})
            return api.pack_error(error)
        except Exception:  # the daemon is kept alive: a request may be anything
            LOG.exception("RPC method %(method)s failed", {"method": method.__name__})
            return api.pack_error(
                exceptions.CleanupdError(f"the daemon failed at {method.__name__}: see its log")
            )

    return answer


class Endpoint:
    """Version 1.4 of the API.  Methods run in the threads of the RPC server."""

    target = oslo_messaging.Target(version=api.VERSION)

    def __init__(
        self,
        daemon: client.Client,
        status: Callable[[], api.Status],
        image_caches: node.Node | None = None,
    ) -> None:
        self._daemon = daemon
        self._status = status
        self._image_caches = image_caches

    @_answering
    def ping(self) -> str:
        """Return the version of this API."""
        return api.VERSION

    @_answering
    def status(self) -> api.Status:
        """Return what the daemon is and does."""
        return self._status()

    @_answering
    def daemon_list(self) -> Any:
        """Return the daemons of the region, and which of them leads."""
        return self._daemon.daemons()

    @_answering
    def model_show(self) -> api.ModelState:
        """Return counts and trust by kind."""
        return self._daemon.model()

    @_answering
    def model_trust(self) -> api.ModelState:
        """Return counts and trust by kind, as they are at the moment."""
        return self._daemon.trust()

    @_answering
    def model_records(self, query: object) -> models.Found:
        """Return the resources of a kind that fit."""
        return self._daemon.records(_query(query))

    @_answering
    def model_stats(self) -> models.ModelStats:
        """Return how the model is kept."""
        return self._daemon.stats()

    @_answering
    def model_sync(self, services: object = ()) -> Any:
        """List services, and return what was found."""
        return self._daemon.sync(api.unpack(services, tuple[str, ...]))

    @_answering
    def leaks_list(self, target: object, *, is_fresh: object = False) -> api.Leaks:
        """Return the verdicts for a target."""
        return self._daemon.leaks(_target(target), is_fresh=api.unpack(is_fresh, bool))

    @_answering
    def leaks_explain(
        self, target: object, kind: object, resource_id: object, *, is_fresh: object = False
    ) -> api.Explained:
        """Return why a resource is judged as it is."""
        return self._daemon.explain(
            _target(target),
            api.unpack(kind, str),
            api.unpack(resource_id, str),
            is_fresh=api.unpack(is_fresh, bool),
        )

    @_answering
    def workloads_list(self, *, is_fresh: object = False) -> Any:
        """Return the workloads that left something."""
        return self._daemon.workloads(is_fresh=api.unpack(is_fresh, bool))

    @_answering
    def plan(self, target: object) -> Any:
        """Make and store a plan."""
        return self._daemon.plan(_target(target))

    @_answering
    def plan_show(self, plan_id: object) -> Any:
        """Return a stored plan."""
        return self._daemon.stored_plan(api.unpack(plan_id, str))

    @_answering
    def sweep_start(
        self, target: object, *, confirm: object = None, is_dry_run: object = False
    ) -> Any:
        """Begin a sweep."""
        return self._daemon.start(
            _target(target),
            confirm=_optional_text(confirm),
            is_dry_run=api.unpack(is_dry_run, bool),
        )

    @_answering
    def execute(self, plan_id: object, confirm: object = None) -> Any:
        """Begin to execute a stored plan."""
        return self._daemon.execute(api.unpack(plan_id, str), confirm=_optional_text(confirm))

    @_answering
    def protection_add(self, wanted: object, by: object = None) -> Any:
        """Protect something; ``by`` is who asks, as they say themselves."""
        return self._daemon.protect(_understood(wanted, protections.Wanted), by=_asker(by))

    @_answering
    def protection_list(self) -> Any:
        """Return all protections."""
        return self._daemon.protections()

    @_answering
    def protection_remove(self, protection_id: object, by: object = None) -> Any:
        """Remove a protection."""
        return self._daemon.unprotect(api.unpack(protection_id, str), by=_asker(by))

    @_answering
    def sweep_show(self, sweep_id: object) -> Any:
        """Return a sweep."""
        return self._daemon.sweep(api.unpack(sweep_id, str))

    @_answering
    def sweep_list(self) -> Any:
        """Return all sweeps."""
        return self._daemon.sweeps()

    @_answering
    def sweep_cancel(self, sweep_id: object, by: object = None) -> Any:
        """End a sweep; ``by`` is who asks, as they say themselves."""
        name = _printable(_optional_text(by) or "somebody")
        return self._daemon.cancel(api.unpack(sweep_id, str), by=f"{name} over the bus")

    @_answering
    def budget(self) -> Any:
        """Return how much may be removed, and how much of that is spent."""
        return self._daemon.budget()

    @_answering
    def image_cache_list(self) -> Any:
        """Return the image caches of this node."""
        return self._caches.states()

    @_answering
    def image_cache_show(self, name: object) -> Any:
        """Return one image cache."""
        return self._caches.state(api.unpack(name, str))

    @_answering
    def image_cache_clean(
        self, name: object = None, free: object = None, *, is_dry_run: object = False
    ) -> Any:
        """Clean one image cache, or all."""
        return self._caches.clean(
            _optional_text(name),
            free=_optional_size(free),
            is_dry_run=api.unpack(is_dry_run, bool),
        )

    @property
    def _caches(self) -> node.Node:
        if self._image_caches is None:
            raise exceptions.Refused("this daemon looks after no image caches")
        return self._image_caches

    @_answering
    def verify(self, target: object) -> Any:
        """Certify what is left of a target."""
        return self._daemon.verify(_target(target))


def _asker(payload: object) -> str:
    """Return who asks, as they say themselves: a name that fits into a line."""
    return f"{_printable(_optional_text(payload) or 'somebody')} over the bus"


def _optional_size(payload: object) -> int | None:
    """Return a number of bytes; raises Refused, also for one that makes no sense."""
    size = None if payload is None else api.unpack(payload, int)
    if size is not None and size < 0:
        raise exceptions.Refused(f"{size} bytes cannot be made free")
    return size


def _target(payload: object) -> sweeps.Target:
    """Return the target that came; raises Refused, also for what only a person may ask for."""
    target = _understood(payload, sweeps.Target)
    if target.limits:
        raise exceptions.Refused("what a project is to have is asked for with --os-cloud alone")
    return target


def _query(payload: object) -> lookup.Query:
    """Return the query that came; raises Refused, also if its answer would be too long."""
    query = _understood(payload, lookup.Query)
    if not 0 < query.limit <= MOST_RECORDS:
        raise exceptions.Refused(
            f"a daemon tells 1 to {MOST_RECORDS} resources at once, not {query.limit}"
        )
    return query


def _understood(payload: object, type_: type[T]) -> T:
    """Return the value that came; raises Refused, also for what this version does not know.

    A restriction that is not understood must not be left out.
    """
    value = api.unpack(payload, type_)
    unknown = set(payload) - {*value.__struct_fields__} if isinstance(payload, dict) else None
    if unknown:
        raise exceptions.Refused(
            f"API {api.VERSION} of this daemon does not know {', '.join(sorted(unknown))}"
        )
    return value


def _optional_text(payload: object) -> str | None:
    return None if payload is None else api.unpack(payload, str)


def _printable(text: str) -> str:
    """Return a name that came as it fits into a line."""
    return "".join(c for c in text if c.isprintable())[:LONGEST_NAME]


class Dispatcher(oslo_messaging.RPCDispatcher):  # type: ignore[misc]
    """Answers in a sentence what oslo.messaging would tell the caller as an exception of its own.

    A request of a version that this daemon does not speak, or for a method
    that it does not have, reaches no method.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__([endpoint], serializer=None)

    def dispatch(self, incoming: Any) -> Any:
        """Return the answer to a message."""
        asked = str(incoming.message.get("version", "1.0"))
        method = str(incoming.message.get("method"))
        if api.is_spoken(asked) and method in _METHODS:
            return super().dispatch(incoming)
        reason = f"API {api.VERSION} of this daemon has no method {_printable(method)}"
        if not api.is_spoken(asked):
            reason = api.describe_mismatch(_printable(asked), api.VERSION)
        LOG.info("Refused: %(reason)s", {"reason": reason})
        return api.pack_error(exceptions.Refused(reason))


_METHODS = frozenset(
    name
    for name, one in vars(Endpoint).items()
    if isinstance(one, types.FunctionType) and not name.startswith("_")
)


class RpcServer:
    """Listens at an address, whose ``server`` is the name of this daemon."""

    def __init__(self, conf: cfg.ConfigOpts, address: api.Address, endpoint: Endpoint) -> None:
        self._conf = conf
        self._address = address
        self._endpoint = endpoint
        self._server: oslo_messaging.MessageHandlingServer | None = None

    def start(self) -> None:
        """Listen; raises InvalidOptions or BusUnreachable."""
        bus = transport.get_transport(self._conf)
        transport.check_reachable(self._conf)
        target = oslo_messaging.Target(topic=self._address.topic, server=self._address.server)
        with transport.translated():
            # Without eventlet patched in, its executor is a pool of threads.
            self._server = rpc_server.RPCServer(bus, target, Dispatcher(self._endpoint))
            self._server.start()

    def stop(self) -> None:
        """Take no further request."""
        if self._server is not None:
            self._server.stop()

    def wait(self) -> None:
        """Return when all requests that were taken are answered."""
        if self._server is not None:
            self._server.wait()

    def why_stuck(self) -> str | None:
        """Say why no request will be answered any more; None while all is well.

        A broker that went away is no reason: the listener connects again by itself.
        """
        # Private to oslo.messaging, and all there is to be seen of its listener.
        thread = getattr(getattr(self._server, "listener", None), "_listen_thread", None)
        return None if thread is None or thread.is_alive() else "the RPC listener has ended"
