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

"""Trunks as Neutron reports them."""

import pytest

from cleanupd import exceptions
from cleanupd.services.network import resources as managers
from tests.unit.services import answers

MISSING = exceptions.NotFound("network", "GET", "/trunks", 404, "no such resource")


def without_trunks(extensions: answers.Answer) -> answers.RecordedCloud:
    """Return a Neutron that has no trunks, and says this of its extensions."""
    return answers.RecordedCloud(lambda _, path: extensions if path == "/extensions" else MISSING)


def test_a_trunk_serves_its_ports() -> None:
    """The parent port first, then the subports; it has to go before any of them."""
    cloud = answers.always(answers.sample("network/trunks"))
    [found] = managers.TrunkManager.list(cloud, {})
    record = answers.sampled("network/trunks", "trunks")
    ports = [record["port_id"], *(one["port_id"] for one in record["sub_ports"])]
    assert [edge.target for edge in found.edges] == [
        answers.ref("network.port", one) for one in ports
    ]
    assert all(edge.is_serving and not edge.is_loose for edge in found.edges)
    assert (found.name, found.revision) == ("sample", 0)


def test_a_trunk_is_deleted_by_its_revision() -> None:
    """A newer one is answered 412 by Neutron."""
    cloud = answers.always(answers.sample("network/trunks"))
    [found] = managers.TrunkManager.list(cloud, {})
    managers.TrunkManager(cloud, found).delete()
    headers = {"If-Match": "revision_number=0"}
    assert cloud.requests[-1] == ("DELETE", f"/trunks/{found.ref.id}", None, headers)


def test_a_neutron_without_the_extension_has_no_trunks() -> None:
    """It says 404, and the extension is not among those that it has."""
    cloud = without_trunks(b'{"extensions": [{"alias": "router"}]}')
    assert list(managers.TrunkManager.list(cloud, {})) == []


def test_trunks_that_cannot_be_found_are_not_known() -> None:
    """With the extension, 404 is no answer."""
    with pytest.raises(exceptions.NotFound):
        list(
            managers.TrunkManager.list(without_trunks(b'{"extensions": [{"alias": "trunk"}]}'), {})
        )


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"\xff"])
def test_trunks_are_not_known_where_extensions_are_not(body: bytes) -> None:
    """What is no list of extensions proves nothing."""
    with pytest.raises(exceptions.ListingIncomplete):
        list(managers.TrunkManager.list(without_trunks(body), {}))
