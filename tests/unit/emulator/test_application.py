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
"""Versions, refusals, faults, the request log and what ``/emulator`` shows."""

import pytest

from tests import emulator
from tests.emulator import application
from tests.emulator import faults
from tests.unit.emulator import asking

NO_TOKEN = {"X-Auth-Token": "none"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/identity", 300),
        ("/identity/v3", 200),
        ("/image", 300),
        ("/image/", 300),
        ("/compute", 200),
        ("/compute/v2.1/", 200),
        ("/volume", 300),
        ("/volume/v3/", 401),
        ("/networking", 200),
        ("/networking/v2.0", 401),
        ("/placement", 200),
    ],
)
def test_versions(admin: asking.Client, path: str, status: int) -> None:
    """Version documents need no token, but for Cinder's v3 and Neutron's v2.0."""
    assert admin("GET", path, headers=NO_TOKEN).status == status


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("/identity/v3/projects/x", '{"error": {"code": 404'),
        ("/compute/v2.1/servers/x", '{"itemNotFound": {"code": 404'),
        ("/volume/v3/{project}/volumes/x", '{"itemNotFound": {"code": 404'),
        ("/networking/v2.0/ports/x", '{"NeutronError": {"type": "PortNotFound"'),
        ("/image/v2/images/x", "<html>"),
    ],
)
def test_each_says_no_in_its_way(admin: asking.Client, path: str, start: str) -> None:
    """Each service's 404 has that service's shape."""
    reply = admin("GET", path)
    assert reply.status == 404
    assert str(reply.body).replace("'", '"').startswith(start)


def test_unknown_path(admin: asking.Client) -> None:
    """A path that no service has is 404, a method that it has not is 405."""
    assert admin("GET", "/compute/v2.1/dances").status == 404
    assert admin("GET", "/nowhere").status == 404
    assert admin("PATCH", "/networking/v2.0/networks").status == 405


def test_fault_is_used_up(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A fault hits as many matching requests as ordered, in the service's own shape."""
    order = emulator.Fault("/ports", 503, method="GET", times=2, headers={"Retry-After": "1"})
    cloud.faults.add(order)
    assert admin("GET", "/networking/v2.0/networks").status == 200
    replies = [admin("GET", "/networking/v2.0/ports") for _ in range(3)]
    assert [reply.status for reply in replies] == [503, 503, 200]
    assert replies[0].headers["Retry-After"] == "1"
    assert "NeutronError" in replies[0].body


def test_fault_for_ever(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A fault without a number lasts until it is taken back."""
    cloud.faults.add(emulator.Fault("^/compute", 401, times=None))
    assert {admin("GET", "/compute").status for _ in range(5)} == {401}
    cloud.faults.clear()
    assert admin("GET", "/compute").status == 200


@pytest.mark.parametrize(("answer", "wait_s"), [(faults.RESET, 0), (faults.HANG, 7)])
def test_fault_without_answer(
    cloud: emulator.Cloud, admin: asking.Client, answer: str, wait_s: float
) -> None:
    """A lost connection is no answer, and is logged with status 0."""
    cloud.faults.add(emulator.Fault("/compute", answer, hang_s=7))
    with pytest.raises(application.ConnectionLost) as lost:
        admin("GET", "/compute")
    assert lost.value.wait_s == wait_s
    assert cloud.requests.entries(path="/compute")[-1].status == 0


@pytest.mark.parametrize("order", [{"path": "("}, {"path": "x", "answer": "dance"}])
def test_wrong_order(order: dict[str, str]) -> None:
    """A fault that cannot be understood is refused when it is ordered."""
    with pytest.raises(ValueError):
        emulator.Fault(**{"answer": 500, **order})


def test_log(cloud: emulator.Cloud, admin: asking.Client, member: asking.Client) -> None:
    """Each request is logged with who sent it, and only what could change something counts."""
    cloud.requests.clear()
    member.get("/networking/v2.0/networks?fields=id")
    member.login("demo", "demo")
    assert member.delete("/networking/v2.0/networks/x") == 404
    first, second, third = cloud.requests.entries()
    assert (first.method, first.path) == ("GET", "/networking/v2.0/networks?fields=id")
    assert (first.status, first.user, first.project) == (200, "demo", "demo")
    assert (second.method, second.path) == ("POST", "/identity/v3/auth/tokens")
    assert cloud.requests.changes() == [third]
    assert third.service == "network"


def test_admin_path(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """``/emulator`` shows the log, takes orders, and is neither logged nor spoilt."""
    cloud.requests.clear()
    reply = admin("POST", "/emulator/faults", {"path": "/", "answer": 500, "times": None})
    assert reply.body["faults"][0]["answer"] == 500
    assert admin("GET", "/compute").status == 500
    (entry,) = admin.get("/emulator/requests")["requests"]
    assert (entry["path"], entry["changes_something"]) == ("/compute", False)
    assert admin.delete("/emulator/faults") == 204
    assert admin.delete("/emulator/requests") == 204
    assert admin.get("/emulator/requests?method=GET&path=x") == {"requests": []}
    assert admin("POST", "/emulator/faults", {"dance": 1}).status == 400
    assert admin.project_id in admin.get("/emulator/inventory")["identity.project"]
    assert "GET /emulator/requests" in admin.get("/emulator")
