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

"""Rally's own cleanup of one workload, at its best; runs where Rally is installed, not here.

What it reads from standard input: ``{"workload": UUID, "admin": CREDENTIAL, "users": [{"id":
ID, "tenant_id": ID, "credential": CREDENTIAL}]}``, credentials as Rally's own class takes them.
"""

import json
import sys
import typing

from rally import api
from rally_openstack.common import credential
from rally_openstack.task.cleanup import manager

#: The services that a scenario would name, and the one that contexts clean by themselves.
SERVICES = ("nova", "neutron", "cinder", "glance", "keystone")


def main() -> None:
    """Everything that Rally finds of the workload is removed; what is not, it logs."""
    api.API(config_args=[], skip_db_check=True)
    asked = json.load(sys.stdin)

    def log_in(described: dict[str, typing.Any]) -> credential.OpenStackCredential:
        return credential.OpenStackCredential(**described)

    # One call for the names of scenarios and of contexts, both with and without
    # administrator: fewer requests than Rally's contexts, which each call for their own.
    manager.cleanup(
        names=SERVICES,
        admin=log_in(asked["admin"]),
        users=[user | {"credential": log_in(user["credential"])} for user in asked["users"]],
        task_id=asked["workload"],
    )


if __name__ == "__main__":
    main()
