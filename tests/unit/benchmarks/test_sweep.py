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
"""Tests of what the benchmark of the sweep makes of what it saw."""

import pytest

from benchmarks import leavings
from benchmarks import sweep

SERVER = "0d4c3b2a-5f6e-4d7c-8b9a-0a1b2c3d4e5f"
RESOURCES = frozenset({("server", SERVER), ("keypair", "4f3e/s_rally_5a3b1c22_AbCdEfGh")})


def request(method, path, begun=0.0):
    """Return a request as the hook writes it; each takes a second."""
    address = f"127.0.0.1:8774{path}"
    return {"method": method, "address": address, "begun": begun, "answered": begun + 1}


def ran(*requests, left=None, harmed=0):
    """Return a cleaning with these requests."""
    return sweep.Ran(list(requests), 9.0, RESOURCES, left or {}, harmed)


def test_one_removal_and_one_read_of_each_resource_are_needed():
    """All other requests are beyond: tokens, listings, and reading the same again."""
    seen = ran(
        request("POST", "/v3/auth/tokens"),
        request("GET", "/v2.1/servers/detail?all_tenants=1"),
        request("GET", f"/v2.1/servers/{SERVER}"),
        request("DELETE", f"/v2.1/servers/{SERVER}"),
        request("GET", f"/v2.1/servers/{SERVER}"),
        request("GET", "/v2.1/os-keypairs/s_rally_5a3b1c22_AbCdEfGh?user_id=4f3e"),
        request("DELETE", "/v2.1/os-keypairs/s_rally_5a3b1c22_AbCdEfGh?user_id=4f3e"),
    )
    assert seen.beyond == 3


def test_an_action_on_a_resource_is_beyond():
    """What is done to a resource besides is no removal."""
    assert ran(request("POST", f"/v2.1/servers/{SERVER}/action")).beyond == 1


def test_time_goes_from_the_first_request_to_the_last_answer():
    """What a process does before and after is not the cloud's."""
    assert ran(request("GET", "/", 5.0), request("GET", "/", 3.0)).cleaning_s == 3.0


def test_both_are_compared_row_by_row():
    """What either of them left has a row for each kind."""
    ours = ran(request("GET", "/"), left={})
    theirs = ran(request("GET", "/"), request("GET", "/"), left={"security_group": 2}, harmed=1)
    rows = {row.name: row for row in sweep.compare(ours, theirs)}
    assert rows["requests: GET"].ratio == 0.5
    assert (rows["left in all"].value, rows["left in all"].peer_value) == (0, 2)
    assert rows["left: security_group"].peer_value == 2
    assert rows["tenants' resources that were harmed"].peer_value == 1
    assert {row.peer for row in rows.values()} == {"rally-openstack 4.1.0"}


@pytest.mark.parametrize("size", [leavings.QUICK, leavings.FULL])
def test_names_are_rallys_and_the_same_each_time(size):
    """Only the workload's part differs from run to run."""
    first, second = leavings.Names("5a3b1c22", 7), leavings.Names("00c0ffee", 7)
    for _ in range(size.servers):
        name = first.scenario()
        assert name.startswith("s_rally_5a3b1c22_")
        assert name.replace("5a3b1c22", "00c0ffee") == second.scenario()
