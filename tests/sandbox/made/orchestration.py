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

"""What Rally leaves in Heat."""

import http
import time

from tests.sandbox import made

WAIT_S = 0.5
NET = {"type": "OS::Neutron::Net"}
TEMPLATE = {"heat_template_version": "2018-08-31", "resources": {"net": NET}}


def stack(world: made.World, person: made.Connection, name: str) -> str:
    """A stack of a network."""
    body = {"stack_name": name, "template": TEMPLATE, "disable_rollback": True}
    api = person.orchestration
    # The name of one that is gone is free a moment later.
    while (answer := api.post("/stacks", json=body)).status_code == http.HTTPStatus.CONFLICT:
        time.sleep(WAIT_S)
    key = str(answer.json()["stack"]["id"])
    while api.get(f"/stacks/{key}").json()["stack"]["stack_status"] == "CREATE_IN_PROGRESS":
        time.sleep(WAIT_S)
    return key


def take_stack(world: made.World, key: str) -> None:
    """It is gone, with what it made."""
    api = world.admin.orchestration
    while (answer := api.get(f"/stacks/{key}")).ok:
        found = answer.json()["stack"]
        if found["stack_status"] == "DELETE_COMPLETE":
            return
        if found["stack_status"] != "DELETE_IN_PROGRESS":
            api.delete(f"/stacks/{found['stack_name']}/{key}")
        time.sleep(WAIT_S)


ROWS = (made.Row("orchestration.stack", stack, take_stack, is_of_cloud=True),)
