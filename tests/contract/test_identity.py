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
"""Who may be told what of projects, as far as every other test relies on it."""

from tests.contract import callers


def test_member_lists_no_projects(people: callers.People) -> None:
    """The list of all projects is the administrator's; a member gets 403."""
    answer = people.member.get("identity", "/v3/projects")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == 403


def test_administrator_finds_project_by_id(people: callers.People) -> None:
    """A project is shown by its id."""
    answer = people.admin.get("identity", f"/v3/projects/{people.member.project_id}")
    assert answer.json()["project"]["id"] == people.member.project_id
