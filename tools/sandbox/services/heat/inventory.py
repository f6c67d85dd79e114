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
"""Stacks."""

from openstack import exceptions

QUERY = "global_tenant=True&show_nested=True"


def list_all(admin):
    """The stacks of every project, nested ones too.

    Asked for directly, since openstacksdk leaves the query out without a word.
    """
    answer = admin.orchestration.get(f"/stacks?{QUERY}")
    exceptions.raise_from_response(answer)
    for stack in answer.json()["stacks"]:
        yield {
            "type": "stack",
            "id": stack["id"],
            "name": stack["stack_name"],
            "project_id": stack["project"],
            "status": stack["stack_status"],
            "parent_id": stack["parent"],
        }
