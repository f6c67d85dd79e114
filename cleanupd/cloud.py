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

"""The one door to the cloud: whatever is asked of OpenStack goes through :class:`Cloud`.

openstacksdk reads ``clouds.yaml`` (:mod:`cleanupd.clouds_file`), keystoneauth authenticates, finds
endpoints and sends.  Answers come back as bytes: no SDK resource object is
ever made, because the parser of each kind decodes the bytes itself.  Foreign
exceptions end here; beyond, there is :mod:`cleanupd.exceptions`.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import copy
import email.utils
import functools
import http
import threading
import time
from typing import Any
from typing import TypeVar
import urllib.parse

from keystoneauth1 import access as ks_access
from keystoneauth1 import adapter as ks_adapter
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import plugin as ks_plugin
from keystoneauth1 import session as ks_session
from keystoneauth1.identity import v3 as ks_identity
from keystoneauth1.identity.generic import password
from oslo_log import log
import requests

from cleanupd import catalogues
from cleanupd import clouds_file
from cleanupd import entrance
from cleanupd import exceptions
from cleanupd import explanations
from cleanupd import pacing
from cleanupd import refusals

LOG = log.getLogger(__name__)

T = TypeVar("T")

#: The major versions that cleanupd speaks, by official service type; a service that a plugin
#: brings has none here, and its version is that of its address in the catalogue.
_VERSIONS = {
    "compute": ("2.1", "2.latest"),
    "network": ("2.0", "2.latest"),
    "block-storage": ("3.0", "3.latest"),
    "image": ("2.0", "2.latest"),
    "identity": ("3.0", "3.latest"),
    "load-balancer": ("2.0", "2.latest"),
    "dns": ("2.0", "2.latest"),
    "shared-file-system": ("2.0", "2.latest"),
    "orchestration": ("1.0", "1.latest"),
    # Only looked at, by `cleanupctl rally-jobs leaks`.
    "baremetal": ("1.0", "1.latest"),
}
#: The services that tell all only to who has a token for the whole system.
_SYSTEM = frozenset({"baremetal"})
#: What Designate shows an administrator of other projects only if it is asked to.
_HEADERS = {"dns": {"X-Auth-All-Projects": "true"}}
_OVERLOADED = frozenset({429, 503})
_FAILURES: dict[int, type[exceptions.RequestFailed]] = {
    http.HTTPStatus.FORBIDDEN: exceptions.Forbidden,
    http.HTTPStatus.NOT_FOUND: exceptions.NotFound,
    http.HTTPStatus.CONFLICT: exceptions.Conflict,
    http.HTTPStatus.PRECONDITION_FAILED: exceptions.Stale,
}


class Cloud:
    """One region of one cloud, with the token of one user.

    Made by :meth:`connect`.  All methods may be called from several threads
    at once.
    """

    def __init__(
        self,
        config: Any,
        session: ks_session.Session,
        patience: pacing.Patience,
        pace: pacing.Pace,
    ) -> None:
        self._config = config
        self._session = session
        self._patience = patience
        access = self._access()
        self.name: str = config.name
        self.region: str = catalogues.choose_region(config, access)
        #: The host of the identity endpoint, by which options may name the cloud, too.
        self.identity_host: str = urllib.parse.urlsplit(_auth_url(config)).hostname or ""
        #: Whose token this is, and in which project; None where it has no project.
        self.user_id: str | None = access.user_id
        self.project_id: str | None = access.project_id
        self._adapters = _Each(self._adapter)
        self._urls = _Each(lambda service: self._url(service, access))
        # Filled as services are first used, by one thread each: the others wait for what it finds.
        self._endpoints: dict[str, str] = {}
        self._finding = _Each(lambda _: threading.Lock())
        self._throttles = _Each(lambda _: pacing.Throttle(pace))
        self._is_hurried = threading.Event()
        #: Called right before each request that changes something; it forbids that by raising.
        self.guard: Callable[[], None] = lambda: None
        #: By how many seconds the clock of who answered last is ahead of ours.
        self.clock_shift_s = 0.0
        #: Lets the user into projects in which it has no role.
        self.entrance = entrance.Entrance(self.request, self.user_id or "", time.time)

    @classmethod
    def connect(
        cls,
        name: str,
        *,
        region: str | None = None,
        patience: pacing.Patience | None = None,
        pace: pacing.Pace | None = None,
    ) -> "Cloud":
        """Return the cloud that ``clouds.yaml`` describes as ``name``, with a fresh token.

        ``region`` may be left out where the description names one or the
        catalogue holds only one.  ``pace`` bounds what each service is
        asked.  Raises UnknownCloud, InvalidCloudConfig, AuthenticationFailed
        or ServiceUnreachable.
        """
        patience, pace = patience or pacing.Patience(), pace or pacing.Pace()
        config = clouds_file.read_config(name, region)
        with refusals.translated("identity", name, _auth_url(config)):
            session: ks_session.Session = config.get_session()
        # Several services may be behind one address.
        most = pace.concurrent * len(_VERSIONS)
        pool = _Pool(patience, pool_connections=most, pool_maxsize=most)
        session.mount("https://", pool)
        session.mount("http://", pool)
        return cls(config, session, patience, pace)

    def __repr__(self) -> str:
        return f"<Cloud {self.name}, region {self.region}>"

    def get(self, service: str, path: str, *, microversion: str | None = None) -> bytes:
        """Return the body of the answer to GET ``path`` (with its query) at ``service``."""
        return self.request("GET", service, path, microversion=microversion)

    def request(
        self,
        method: str,
        service: str,
        path: str,
        *,
        json: object = None,
        microversion: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request and return the body of the answer, which is a success.

        ``service`` is an official service type, ``path`` is below its
        versioned endpoint and quoted.  A GET is repeated as
        :class:`~cleanupd.pacing.Patience` says, everything else is sent once.  Raises
        RequestFailed, ServiceUnreachable or AuthenticationFailed.
        """
        arguments: dict[str, Any] = {"microversion": microversion, "headers": dict(headers or {})}
        if json is not None:
            arguments["json"] = json
        started, attempt = time.monotonic(), 1
        while True:
            try:
                return self._send(method, service, path, arguments)
            except exceptions.CloudError as error:
                elapsed = time.monotonic() - started
                wait = self._patience.wait_s(error, attempt, elapsed) if method == "GET" else None
                if wait is None:
                    raise
                LOG.debug("Waiting %(wait).1f s: %(error)s", {"wait": wait, "error": error})
                if self._is_hurried.wait(wait):
                    raise
            attempt += 1

    def hurry(self) -> None:
        """Repeat nothing from now on: who waits to ask again gets the last answer."""
        self._is_hurried.set()

    def catalogue(self) -> frozenset[tuple[str, str]]:
        """Return official service type and region of every endpoint in the catalogue.

        A type that no official project has stands as the catalogue has it.
        """
        return catalogues.find(self._access())

    @contextlib.contextmanager
    def inside(self, project_id: str) -> Iterator["Cloud"]:
        """Give the same cloud with a token of a project; raises NotEntered.

        The user needs a role there, or gets one for as long as the context
        lasts, where :attr:`entrance` allows that.
        """
        if project_id == self.project_id:
            yield self
            return
        with contextlib.ExitStack() as stack:
            found = self._scoped(project_id)
            if found is None:
                stack.enter_context(self.entrance.opened(project_id))
                found = self._scoped(project_id)
            if found is None:
                raise exceptions.NotEntered(project_id, "Keystone gives this user no token of it")
            yield found

    def _scoped(self, project_id: str) -> "Cloud | None":
        """Return this cloud with a token of a project, None where the user has no role there."""
        url = self._session.get_endpoint(interface=ks_plugin.AUTH_INTERFACE) or ""
        auth = ks_identity.Token(url, self._access().auth_token or "", project_id=project_id)
        session = copy.copy(self._session)
        session.auth = auth
        try:
            with refusals.translated("identity", self._config.name, _auth_url(self._config)):
                return _Inside(self, session, auth.get_access(session))
        except exceptions.AuthenticationFailed:
            return None
        except exceptions.RequestFailed as error:
            # The token of an application credential is exchanged for no other.
            raise exceptions.NotEntered(project_id, str(error)) from error

    def offers(self, service: str) -> bool:
        """Return whether the region has a service of an official type, as far as is told."""
        found = {(service, self.region), (service, "")} & self.catalogue()
        return bool(found or self._config.get_endpoint(service))

    def visibility(self) -> str | None:
        """Return why listings may lack resources of other projects, None when they do not.

        Glance, Neutron and Cinder answer a token that may not see all
        projects with a short list and 200, so the token itself is looked
        at: it has to be scoped to a project, which has to be the admin
        project where Keystone has one, and carry the role ``admin``, on
        which the services' own default policies stand.
        """
        access = self._access()
        if not access.project_scoped:
            return "the token is not scoped to a project; name a project in clouds.yaml"
        if not access.is_admin_project:
            return "the token's project is not the cloud's admin project"
        if "admin" not in {role.lower() for role in access.role_names or ()}:
            return "the token lacks the role admin; use an administrator's credentials"
        return None

    def sees_all_projects(self) -> bool:
        """Return whether listings hold the resources of all projects."""
        return self.visibility() is None

    def _access(self) -> ks_access.AccessInfo:
        with refusals.translated("identity", self._config.name, _auth_url(self._config)):
            auth = self._config.get_auth()
            access: ks_access.AccessInfo = refusals.with_token(
                lambda: auth.get_access(self._session)
            )
            return access

    def _send(self, method: str, service: str, path: str, arguments: dict[str, Any]) -> bytes:
        with (
            refusals.translated(service, self.name, self._urls[service]),
            self._throttles[service].turn() as refuse,
        ):
            if method != "GET":
                self.guard()
            started, asked_at = time.monotonic(), time.time()
            place = self._endpoint(service)
            send = functools.partial(
                self._adapters[service].request, path, method, raise_exc=False, **arguments
            )
            response: requests.Response = refusals.with_token(
                lambda: send(endpoint_override=place)
            )
            if response.status_code in _OVERLOADED:
                refuse()
        shift_s = find_shift(response.headers.get("Date"), asked_at, time.time())
        self.clock_shift_s = self.clock_shift_s if shift_s is None else shift_s
        LOG.debug(
            "%(method)s %(service)s %(path)s: %(status)d in %(ms)d ms, %(request)s",
            {
                "method": method,
                "service": service,
                "path": path,
                "status": response.status_code,
                "ms": (time.monotonic() - started) * 1000,
                "request": _request_id(response) or "no request id",
            },
        )
        if not http.HTTPStatus.OK <= response.status_code < http.HTTPStatus.MULTIPLE_CHOICES:
            raise self._failure(method, service, path, response)
        return response.content

    def _failure(
        self, method: str, service: str, path: str, response: requests.Response
    ) -> exceptions.CloudError:
        status = response.status_code
        message = explanations.find(response.content)
        if status == http.HTTPStatus.UNAUTHORIZED:
            return exceptions.AuthenticationFailed(self.name, self._urls[service], message)
        kind = _FAILURES.get(status, exceptions.RequestFailed)
        if kind is exceptions.NotFound and not _request_id(response):
            # A proxy's 404 says that a service is gone, not that a resource is.
            kind, message = exceptions.RequestFailed, f"no service answered but a proxy: {message}"
        failure = kind(service, method, path, status, message)
        retry_after = response.headers.get("Retry-After", "")
        if retry_after.isdecimal():
            failure.retry_after_s = float(retry_after)
        return failure

    def _endpoint(self, service: str) -> str:
        """Return the versioned endpoint of ``service``, or raise ServiceUnreachable.

        Where keystoneauth cannot read a service's list of versions, it goes
        on with the address in the catalogue.  If that has no version, every
        path below it is 404, which must never look as if a resource were gone.
        Of a service that cleanupd does not know the address is that of the catalogue.
        """
        known = self._endpoints.get(service)
        if known:
            return known
        with self._finding[service]:
            return self._endpoints.get(service) or self._find_endpoint(service)

    def _find_endpoint(self, service: str) -> str:
        """Ask the service for its versions, unless its address is told; remember the answer."""
        if service in _SYSTEM:
            self._widen(service)
        if override := self._config.get_endpoint(service):
            return self._remember(service, str(override))
        if service not in _VERSIONS:
            return self._remember(service, self._adapters[service].get_endpoint())
        data = self._adapters[service].get_endpoint_data()
        if data is not None and data.url is not None and data.api_version is None:
            raise self._without_versions(service, data.url)
        return self._remember(service, data.url if data is not None else None)

    def _remember(self, service: str, url: str | None) -> str:
        if url is None:
            raise ks_exceptions.EndpointNotFound
        self._endpoints[service] = url
        return url

    def _widen(self, service: str) -> None:
        """Ask a service with a token for the whole system from now on, if there can be one."""
        auth = _system_auth(self._config)
        if auth is None:
            return
        try:
            auth.get_access(self._session)
        except ks_exceptions.ClientException as error:
            LOG.warning(
                "%(service)s is asked with the project's token, for there is none of the system:"
                " %(why)s",
                {"service": service, "why": clouds_file.one_line(str(error))},
            )
        else:
            self._adapters[service].auth = auth

    def _without_versions(self, service: str, url: str) -> exceptions.ServiceUnreachable:
        """Return why the list of versions at ``url`` cannot be read, or raise what prevents it."""
        response = self._session.get(url, authenticated=False, raise_exc=False)
        reason = f"it answers {response.status_code} when asked for its versions"
        return exceptions.ServiceUnreachable(service, self._urls[service], reason)

    def _adapter(self, service: str) -> ks_adapter.Adapter:
        lowest, highest = _VERSIONS.get(service, (None, None))
        return ks_adapter.Adapter(
            self._session,
            service_type=self._config.get_service_type(service),
            service_name=self._config.get_service_name(service),
            interface=self._config.get_interface(service),
            region_name=self.region,
            endpoint_override=self._config.get_endpoint(service),
            min_version=lowest,
            max_version=highest,
            connect_retries=0,
            status_code_retries=0,
            rate_limit=self._config.get_rate_limit(service),
            concurrency=self._config.get_concurrency(service),
            additional_headers=_HEADERS.get(service),
        )

    def _url(self, service: str, access: ks_access.AccessInfo) -> str:
        """Return the address of ``service`` for people to read, empty where there is none."""
        override = self._config.get_endpoint(service)
        if override:
            return clouds_file.without_secrets(override)
        found = access.service_catalog.get_endpoints(
            service_type=service,
            interface=self._config.get_interface(service),
            region_name=self.region,
        )
        urls = [str(one["url"]) for endpoints in found.values() for one in endpoints if one]
        return clouds_file.without_secrets(urls[0]) if urls else ""


class _Each(dict[str, T]):
    """What each service has, made when it is first asked for and the same for all threads."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, service: str) -> T:
        return self.setdefault(service, self._make(service))


def _system_auth(config: Any) -> password.Password | None:
    """Return what gets a token for the whole system for the same user and password.

    None where the cloud is not described by such: other credentials are good
    for one project alone.
    """
    options = config.config.get("auth") or {}
    if "password" not in options:
        return None
    kept = {
        name: value
        for name, value in options.items()
        if name.startswith(("user", "password", "auth_url", "default_domain"))
    }
    return password.Password(**kept, system_scope="all")


class _Inside(Cloud):
    """A cloud with another token of the same user; all else is shared."""

    def __init__(
        self, outside: Cloud, session: ks_session.Session, access: ks_access.AccessInfo
    ) -> None:
        vars(self).update(vars(outside))
        self._session = session
        self.project_id = access.project_id
        # It may be another one by then.
        self.guard = lambda: outside.guard()  # noqa: PLW0108 - as said
        self._adapters = _Each(self._adapter)
        self._urls = _Each(lambda service: self._url(service, access))
        self._endpoints = {}


def find_shift(told: str | None, asked_at: float, answered_at: float) -> float | None:
    """Return by how much a clock is ahead that told its time between two moments of ours.

    None where it tells none: not every server sends a date.
    """
    try:
        # It has whole seconds.
        at = email.utils.parsedate_to_datetime(told or "").timestamp()
    except ValueError:
        return None
    return max(at - answered_at, 0.0) or min(at + 1 - asked_at, 0.0)


class _Pool(ks_session.TCPKeepAliveAdapter):
    """Connections that stay open, and time out as :class:`~cleanupd.pacing.Patience` says.

    It stands below keystoneauth, so that the requests for tokens and
    versions, which keystoneauth makes by itself, have their limits too.
    """

    def __init__(self, patience: pacing.Patience, **arguments: Any) -> None:
        self._patience = patience
        super().__init__(**arguments)

    def send(self, request: requests.PreparedRequest, **arguments: Any) -> requests.Response:  # type: ignore[override]
        """Send ``request``; a timeout of the session (api_timeout) shortens ours."""
        read_s = arguments.get("timeout") or self._patience.read_timeout_s
        arguments["timeout"] = (min(self._patience.connect_timeout_s, read_s), read_s)
        return super().send(request, **arguments)


def _auth_url(config: Any) -> str:
    return clouds_file.without_secrets(str(config.get_auth_args().get("auth_url", "")))


def _request_id(response: requests.Response) -> str:
    """Return the id that every OpenStack service gives to a request, empty without one."""
    return response.headers.get("x-openstack-request-id", "")
