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
"""inventory.py SERVICE...: everything in the cloud, one JSON object a line.

Each has type, id, name, project_id (empty where there is none) and what else tells whether it was
touched. Each service's kinds are in ``services/SERVICE/inventory.py``. A listing that fails ends
the program: half an inventory would prove nothing.
"""

import collections.abc
import json
import sys
import typing

import openstack

from cloud import plugins


def record(
    kind: str, resource: typing.Any, *fields: str, project: str = "project_id", **more: typing.Any
) -> dict[str, typing.Any]:
    """One line: the common fields, the named ones of the resource, and more."""
    line = {
        "type": kind,
        "id": resource.id,
        "name": getattr(resource, "name", None) or "",
        "project_id": getattr(resource, project, None) or "",
    }
    line |= {field: getattr(resource, field, None) for field in fields}
    return line | more


def list_all(
    admin: typing.Any, services: collections.abc.Iterable[str]
) -> collections.abc.Iterator[dict[str, typing.Any]]:
    """The records of all named services."""
    for service in services:
        module = plugins.load(service, "inventory")
        if module is not None:
            yield from module.list_all(admin)


def main() -> None:
    """The inventory is on standard output."""
    admin = openstack.connect(cloud="admin")
    for line in list_all(admin, sys.argv[1:]):
        print(json.dumps(line, default=str, sort_keys=True))


if __name__ == "__main__":
    main()
