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
"""Nova's versions, microversions and extensions."""

import pytest

from tests.contract import callers
from tests.contract import compute

SERVERS = compute.SERVERS


def test_versions_need_no_token(people: callers.People) -> None:
    """Anybody is told the versions, and that of 2.1 ends where microversions end."""
    answer = people.member.get("compute", "/", authenticated=False)
    [old, new] = answer.json()["versions"]
    assert (old["id"], old["status"], new["id"], new["status"]) == (
        *("v2.0", "DEPRECATED"),
        *("v2.1", "CURRENT"),
    )
    shown = people.member.get("compute", "/v2.1", authenticated=False).json()["version"]
    assert shown["version"] == new["version"]


@pytest.mark.parametrize(("version", "status"), [("2.999", 406), ("2", 400)])
def test_unknown_microversions(people: callers.People, version: str, status: int) -> None:
    """A microversion that there is not is 406, what is none 400."""
    headers = {"OpenStack-API-Version": f"compute {version}"}
    answer = people.member.get("compute", SERVERS, headers=headers)
    assert answer.status_code == status


def test_extensions(people: callers.People) -> None:
    """Older clients look for extensions; one that there is not is 404."""
    path = "/v2.1/extensions"
    found = {one["alias"] for one in people.member.get("compute", path).json()["extensions"]}
    assert {"os-keypairs", "os-aggregates", "os-services", "os-hypervisors"} <= found
    assert people.member.get("compute", f"{path}/os-keypairs").json()["extension"]["alias"]
    assert people.member.get("compute", f"{path}/nothing").status_code == 404
