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

from rally import plugins
from rally_openstack.common import credential

#: What a scenario would name, and what contexts clean by themselves. Not all of keystone: it would
#: try to log in as users that are gone by then.
NAMES = ("nova", "neutron", "cinder", "glance", "keystone.user", "keystone.project")


def main() -> None:
    """Everything that Rally finds of the workload is removed; what is not, it logs."""
    plugins.load()
    # This reads options when it is imported, and the line above has made them.
    from rally_openstack.task.cleanup import manager  # noqa: PLC0415

    asked = json.load(sys.stdin)

    def log_in(described: dict[str, typing.Any]) -> credential.OpenStackCredential:
        return credential.OpenStackCredential(**described)

    # One call for the names of scenarios and of contexts, both with and without
    # administrator: fewer requests than Rally's contexts, which each call for their own.
    manager.cleanup(
        names=NAMES,
        admin={"credential": log_in(asked["admin"])},
        users=[user | {"credential": log_in(user["credential"])} for user in asked["users"]],
        task_id=asked["workload"],
    )


if __name__ == "__main__":
    main()
