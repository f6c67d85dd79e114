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

"""What is listed of a service that a cloud may lack."""

import pytest

from cleanupd import exceptions
from cleanupd.core import kinds
from cleanupd.services.base import manager
from tests.unit.services import answers


def listing(kind: str) -> list[object]:
    """Return what a plugin of ``kind`` lists in a cloud that has none of its service."""

    class Plugin(manager.ResourceManager):
        KIND = kinds.Kind(name=kind, identity_fields=())

        @classmethod
        def list(cls, cloud, listings):  # type: ignore[no-untyped-def]
            raise exceptions.ServiceUnreachable(cls.KIND.service, "", "no such endpoint")

    cloud = answers.always(b"")
    cloud.lacking = {"extra-service", "compute"}
    return list(manager.list_each(Plugin, cloud, {}))  # type: ignore[arg-type,type-abstract]


def test_a_service_that_a_cloud_lacks_has_nothing() -> None:
    """An empty listing is the whole truth, so that the other services' resources can go."""
    assert listing("extra_service.thing") == []


def test_a_service_that_no_cloud_lacks_is_missed() -> None:
    """A catalogue without Nova is not whole."""
    with pytest.raises(exceptions.ServiceUnreachable):
        listing("compute.server")
