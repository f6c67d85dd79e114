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
"""Services, endpoints, regions, and the catalogue that they make.

Sources: API reference, Identity v3, "Service catalog and endpoints"; a real Keystone 30.
"""

import contextlib
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import identities

Body = dict[str, Any]


@pytest.fixture
def make(people: callers.People, undo: contextlib.ExitStack) -> identities.Maker:
    """What makes a test's people and places."""
    return identities.Maker(people, undo)


def listed(make: identities.Maker, path: str) -> list[Body]:
    """What a list says."""
    answer = make.admin.get("identity", f"/v3/{path}")
    assert answer.status_code == 200
    found: list[Body] = answer.json()[path.partition("?")[0]]
    return found


def entry(make: identities.Maker, service: Body) -> Body | None:
    """What the catalogue says of the service."""
    found = make.admin.get("identity", "/v3/auth/catalog").json()["catalog"]
    return next((one for one in found if one["id"] == service["id"]), None)


def test_services(make: identities.Maker) -> None:
    """A service is shown, changed, and found by type and name; it must have a type (400)."""
    made = make.service()
    path = f"/v3/services/{made['id']}"
    assert made["enabled"] is True
    assert make.admin.get("identity", path).json()["service"] == made
    changed = make.admin.patch("identity", path, {"service": {"description": "new"}})
    assert changed.json()["service"]["description"] == "new"
    for query in (f"type={made['type']}", f"name={made['name']}"):
        assert [one["id"] for one in listed(make, f"services?{query}")] == [made["id"]]
    nameless = make.admin.post("identity", "/v3/services", {"service": {"name": "x"}})
    assert nameless.status_code == 400


def test_same_service_twice(make: identities.Maker) -> None:
    """Two services may have the same name and type."""
    made = make.service()
    assert make.service(name=made["name"], type=made["type"])["id"] != made["id"]


def test_endpoints(make: identities.Maker) -> None:
    """An endpoint is shown, changed, found by service and interface, and deleted."""
    service = make.service()
    region = listed(make, "regions")[0]["id"]
    made = make.endpoint(service, region_id=region)
    path = f"/v3/endpoints/{made['id']}"
    assert (made["region"], made["region_id"], made["enabled"]) == (region, region, True)
    assert make.admin.get("identity", path).json()["endpoint"] == made
    changed = make.admin.patch("identity", path, {"endpoint": {"url": "http://127.0.0.1:9/y"}})
    assert changed.json()["endpoint"]["url"] == "http://127.0.0.1:9/y"
    query = f"endpoints?service_id={service['id']}"
    assert [one["id"] for one in listed(make, f"{query}&interface=public")] == [made["id"]]
    assert listed(make, f"{query}&interface=admin") == []
    assert make.admin.delete("identity", path).status_code == 204
    assert make.admin.delete("identity", path).status_code == 404
    assert make.admin.get("identity", path).status_code == 404


def test_wrong_endpoint(make: identities.Maker) -> None:
    """An unknown service, an unknown interface and a missing address are 400."""
    service = make.service()["id"]
    body = {"service_id": service, "interface": "public", "url": "http://127.0.0.1:9/x"}
    for wrong in (
        {**body, "service_id": "none"},
        {**body, "interface": "sideways"},
        {"service_id": service, "interface": "public"},
    ):
        answer = make.admin.post("identity", "/v3/endpoints", {"endpoint": wrong})
        assert answer.status_code == 400


def test_regions(make: identities.Maker) -> None:
    """A region has the id that it is given (409 if taken), or one that is made up."""
    made = make.region(description="old")
    path = f"/v3/regions/{made['id']}"
    assert make.admin.get("identity", path).json()["region"] == made
    changed = make.admin.patch("identity", path, {"region": {"description": "new"}})
    assert changed.json()["region"]["description"] == "new"
    body = {"region": {"id": made["id"]}}
    assert make.admin.post("identity", "/v3/regions", body).status_code == 409
    other = f"/v3/regions/{identities.fresh_name()}"
    assert make.admin.put("identity", other, {"region": {}}).status_code == 201
    assert make.admin.delete("identity", other).status_code == 204
    assert make.admin.delete("identity", other).status_code == 404
    answer = make.admin.get("identity", "/v3/regions?limit=1")
    assert answer.status_code == 400


def test_region_in_use(make: identities.Maker) -> None:
    """A region that an endpoint is in is not deleted (403)."""
    region, service = make.region(), make.service()
    make.endpoint(service, region_id=region["id"])
    path = f"/v3/regions/{region['id']}"
    assert make.admin.delete("identity", path).status_code == 403
    assert make.admin.delete("identity", f"/v3/services/{service['id']}").status_code == 204
    assert make.admin.delete("identity", path).status_code == 204


def test_catalogue(make: identities.Maker, people: callers.People) -> None:
    """What is added is in the catalogue, with the project in its address, unless disabled."""
    service = make.service()
    make.endpoint(service, url="http://127.0.0.1:9/$(project_id)s")
    found = entry(make, service)
    assert found is not None
    assert (found["type"], found["name"]) == (service["type"], service["name"])
    (point,) = found["endpoints"]
    assert point["url"] == f"http://127.0.0.1:9/{people.admin.project_id}"
    path = f"/v3/services/{service['id']}"
    assert make.admin.patch("identity", path, {"service": {"enabled": False}}).ok
    assert entry(make, service) is None


def test_deleted_service(make: identities.Maker) -> None:
    """A service takes its endpoints along."""
    service = make.service()
    endpoint = make.endpoint(service)
    assert make.admin.delete("identity", f"/v3/services/{service['id']}").status_code == 204
    gone = make.admin.get("identity", f"/v3/endpoints/{endpoint['id']}")
    assert gone.status_code == 404
