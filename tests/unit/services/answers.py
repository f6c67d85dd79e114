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

"""A cloud that gives recorded answers, and the recordings."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
import pathlib
from typing import Any

from cleanupd import entrance
from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import wire

SAMPLES = pathlib.Path(__file__).parents[2] / "samples"
PLACE = wire.Place("sandbox", "RegionOne")

Answer = bytes | exceptions.CloudError


def sample(name: str) -> bytes:
    """Return the recorded body ``name``, such as ``compute/servers``."""
    return (SAMPLES / f"{name}.json").read_bytes()


def sampled(name: str, plural: str, index: int = 0) -> dict[str, Any]:
    """Return one record of a recorded listing."""
    record: dict[str, Any] = json.loads(sample(name))[plural][index]
    return record


def ref(kind: str, resource_id: str) -> resources.Ref:
    """Return the ref of a resource in the recordings' region."""
    return PLACE.ref(kind, resource_id)


class RecordedCloud:
    """Answers by rule and remembers what it was asked, as (method, path, json, headers)."""

    name = PLACE.cloud
    region = PLACE.region
    user_id = "our-user"
    project_id = "our-project"

    def __init__(self, answer: Callable[[str, str], Answer]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, str, object, dict[str, str]]] = []
        self.lacking: set[str] = set()
        self.shut: set[str] = set()
        self.entered: list[str] = []
        self.microversions: set[str | None] = set()
        self.regions = {PLACE.region}
        self.entrance = entrance.Entrance(self.request, self.user_id, lambda: 0.0)

    def catalogue(self) -> frozenset[tuple[str, str]]:
        """Return where Nova is."""
        return frozenset(("compute", region) for region in self.regions)

    @contextlib.contextmanager
    def inside(self, project_id: str) -> Iterator["RecordedCloud"]:
        """Give itself, unless somebody has shut the project."""
        if project_id in self.shut:
            raise exceptions.NotEntered(project_id, "it is shut")
        self.entered.append(project_id)
        yield self

    def offers(self, service: str) -> bool:
        """Return whether the service is not lacking."""
        return service not in self.lacking

    def get(self, service: str, path: str, *, microversion: str | None = None) -> bytes:
        """Return the body that the rule has for GET ``path``."""
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
        """Return or raise what the rule has for the request."""
        self.requests.append((method, path, json, dict(headers or {})))
        self.microversions.add(microversion)
        answer = self.answer(method, path)
        if isinstance(answer, exceptions.CloudError):
            raise answer
        return answer


def always(body: bytes) -> RecordedCloud:
    """Return a cloud that gives ``body`` to every request."""
    return RecordedCloud(lambda _method, _path: body)


def refusing(status: int, message: str = "no") -> RecordedCloud:
    """Return a cloud that refuses every request with ``status``."""
    kinds = {404: exceptions.NotFound, 409: exceptions.Conflict, 412: exceptions.Stale}
    kind = kinds.get(status, exceptions.RequestFailed)
    return RecordedCloud(lambda method, path: kind("a-service", method, path, status, message))
