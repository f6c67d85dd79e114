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

"""How cleanupd's user gets into a benchmark's project: by a role, for as long as it looks.

Some services list the resources of one project alone, to a token of that
project.  Where an operator allows it, the user gives itself a role there and
takes it back.  Before that the project is tagged, so that a role that stayed
after a crash is found again, whoever finds it.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import functools
import json
import threading
from typing import Any
from typing import Protocol
import urllib.parse

from oslo_log import log

from cleanupd import exceptions

LOG = log.getLogger(__name__)

#: What such a tag begins with; the id of the role and a time in whole seconds follow.
TAG = "cleanupd-inside"
#: Nobody stays longer: whose tag is older has crashed.
LONGEST_S = 600


class Request(Protocol):
    """Sends a request to Keystone as the user and returns the body of the answer."""

    def __call__(self, method: str, service: str, path: str) -> bytes:
        """Send it; raises CloudError."""


class Entrance:
    """Gives one user a role in projects, and takes it back; safe for threads.

    ``role`` is its name, None where that is not allowed.
    """

    def __init__(self, request: Request, user_id: str, now_s: Callable[[], float]) -> None:
        self._request = request
        self._user_id = user_id
        self._now_s = now_s
        self.role: str | None = None
        self._lock = threading.Lock()
        #: How many are inside a project, and by which tag.
        self._inside: dict[str, tuple[int, str]] = {}
        #: Every project that was entered: a role of the user's there is no stranger's.
        self.entered: set[str] = set()

    @contextlib.contextmanager
    def opened(self, project_id: str) -> Iterator[None]:
        """Have a role in a project while the context lasts; raises NotEntered."""
        self._come(project_id)
        try:
            yield
        finally:
            self._go(project_id)

    def tidy(self, project_id: str, tags: Iterable[str]) -> None:
        """Take back what a process left that ended inside a project, as its tags tell."""
        with self._lock:
            own = self._inside.get(project_id, (0, ""))[1]
            for tag in tags:
                if tag != own and is_left(tag, self._now_s()):
                    LOG.warning(
                        "Somebody ended inside project %(project)s: the role is taken back",
                        {"project": project_id},
                    )
                    self._close(project_id, tag)

    def _come(self, project_id: str) -> None:
        if self.role is None:
            reason = (
                "its resources are listed to its own users alone; give this user a role in it,"
                " or set [cloud] enter_as, or name the service in [services] without_resources"
            )
            raise exceptions.NotEntered(project_id, reason)
        with self._lock:
            count, tag = self._inside.get(project_id, (0, ""))
            if not count:
                tag = f"{TAG}-{self._role_id(self.role)}-{self._now_s():.0f}"
                self._open(project_id, tag)
            self._inside[project_id] = (count + 1, tag)

    def _go(self, project_id: str) -> None:
        with self._lock:
            count, tag = self._inside.pop(project_id)
            if count > 1:
                self._inside[project_id] = (count - 1, tag)
            else:
                self._close(project_id, tag)

    def _open(self, project_id: str, tag: str) -> None:
        self.entered.add(project_id)
        try:
            self._request("PUT", "identity", f"/projects/{project_id}/tags/{tag}")
            self._request("PUT", "identity", self._grant(project_id, tag))
        except exceptions.RequestFailed as error:
            # The tag stays: whether the role was given is not known.
            raise exceptions.NotEntered(project_id, str(error)) from error

    def _close(self, project_id: str, tag: str) -> None:
        """Take the role back, then the tag; what fails is found again by the tag."""
        try:
            for path in (self._grant(project_id, tag), f"/projects/{project_id}/tags/{tag}"):
                with contextlib.suppress(exceptions.NotFound):
                    self._request("DELETE", "identity", path)
        except exceptions.CleanupdError as error:
            LOG.warning(
                "The role in project %(project)s was not taken back; it will be later: %(why)s",
                {"project": project_id, "why": error},
            )

    def _grant(self, project_id: str, tag: str) -> str:
        role_id = tag.removeprefix(f"{TAG}-").partition("-")[0]
        return f"/projects/{project_id}/users/{self._user_id}/roles/{role_id}"

    @functools.lru_cache(maxsize=8)  # noqa: B019 - as long as the one cloud
    def _role_id(self, name: str) -> str:
        query = urllib.parse.urlencode({"name": name})
        found: Mapping[str, Any] = json.loads(self._request("GET", "identity", f"/roles?{query}"))
        for role in found["roles"]:
            return str(role["id"])
        raise exceptions.InvalidOptions(f"[cloud] enter_as: there is no role {name}")


def is_left(tag: str, now_s: float) -> bool:
    """Whether a project's tag tells of somebody who is inside no more."""
    prefix, _, since = tag.rpartition("-")
    return prefix.startswith(f"{TAG}-") and since.isdecimal() and int(since) < now_s - LONGEST_S
