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

"""Volume types and QoS specs as Cinder reports them."""

import json

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.block_storage import resources as managers
from tests.unit.services import answers


def types(access: answers.Answer) -> tuple[answers.RecordedCloud, list[resources.Resource]]:
    """Return the recorded types, where Cinder says this of who may use a private one."""
    body = answers.sample("block_storage/volume_types")
    cloud = answers.RecordedCloud(
        lambda _, path: access if path.endswith("volume-type-access") else body
    )
    return cloud, list(managers.VolumeTypeManager.list(cloud, {}))


def test_a_volume_type_needs_its_qos_spec() -> None:
    """The spec cannot go before the type; volumes find the type by its name."""
    _, found = types(answers.sample("block_storage/volume_type_access"))
    edges = {one.name: [edge.target.kind for edge in one.edges] for one in found}
    assert edges == {
        "sample": [],
        "sample-private": ["block_storage.qos_spec", "identity.project"],
    }
    assert [one.aliases for one in found] == [(one.name,) for one in found]


def test_a_private_type_is_used_by_who_may_use_it() -> None:
    """A public one is nobody's in particular, and not asked about."""
    cloud, found = types(answers.sample("block_storage/volume_type_access"))
    [private] = [one for one in found if not one.details["is_public"]]
    project = resources.Ref(
        private.ref.cloud, "", "identity.project", "35132d14d4e14b5b8fee797170593c2c"
    )
    assert private.edges[-1] == resources.used_by(project, is_loose=True)
    assert [one[1] for one in cloud.requests] == [
        "/types?is_public=none&limit=1000",
        f"/types/{private.ref.id}/os-volume-type-access",
    ]


def test_a_type_that_is_gone_is_used_by_nobody() -> None:
    """It may go while the listing goes on."""
    gone = exceptions.NotFound("block-storage", "GET", "/types/x", 404, "no such type")
    _, found = types(gone)
    assert [len(one.edges) for one in found if not one.details["is_public"]] == [1]


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"\xff"])
def test_who_may_use_a_type_is_known_or_an_error(body: bytes) -> None:
    """No answer is not the answer that nobody may."""
    with pytest.raises(exceptions.ListingIncomplete):
        types(body)


def test_the_next_page_of_types_is_found_where_cinder_writes_it() -> None:
    """Its links are those of a volume type, in the singular."""
    record = answers.sampled("block_storage/volume_types", "volume_types")
    public = {**record, "is_public": True}
    href = f"http://elsewhere/types?limit=1&marker={record['id']}"
    pages = [
        {
            "volume_types": [public],
            "volume_type_links": [{"rel": "next", "href": href}],
        },
        {"volume_types": [{**public, "id": "other"}]},
    ]
    cloud = answers.RecordedCloud(lambda _, path: json.dumps(pages["marker" in path]).encode())
    found = managers.VolumeTypeManager.list(cloud, {})
    assert [one.ref.id for one in found] == [record["id"], "other"]


def test_a_qos_spec_has_no_edges() -> None:
    """The types that it is associated with tell of it."""
    cloud = answers.always(answers.sample("block_storage/qos_specs"))
    [found] = managers.QosSpecManager.list(cloud, {})
    assert (found.name, found.edges, found.details) == ("sample", (), {"consumer": "both"})


def test_a_qos_spec_is_never_forced() -> None:
    """Cinder's word against it is a conflict."""
    cloud = answers.refusing(400, "Qos specs still in use.")
    spec = resources.Resource(ref=answers.ref("block_storage.qos_spec", "q"))
    with pytest.raises(exceptions.Conflict, match="still in use"):
        managers.QosSpecManager(cloud, spec).delete()
    assert cloud.requests == [("DELETE", "/qos-specs/q", None, {})]


def test_a_private_type_is_read_with_its_projects() -> None:
    """Whoever reads it knows as much as a listing tells; of one that is gone nothing."""
    private = {"id": "t1", "name": "private", "is_public": False, "qos_specs_id": None}
    bodies = {
        "/types/t1": {"volume_type": private},
        "/types/t1/os-volume-type-access": {"volume_type_access": [{"project_id": "p1"}]},
    }
    cloud = answers.RecordedCloud(lambda _method, path: json.dumps(bodies[path]).encode())
    known = resources.Resource(ref=answers.ref("block_storage.volume_type", "t1"))
    found = managers.VolumeTypeManager(cloud, known).read()
    assert found is not None
    assert [edge.target.id for edge in found.edges] == ["p1"]
    assert managers.VolumeTypeManager(answers.refusing(404), known).read() is None
