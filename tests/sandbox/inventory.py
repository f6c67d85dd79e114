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
"""What is in the cloud, listed by openstacksdk apart from cleanupd, and what of it is Rally's.

The listing is that of "sandbox inventory", which runs in an environment where cleanupd is not
installed: every project, the key pairs of all users (vanished ones too), private flavors, ports
with an empty project, images of every visibility, role assignments, floating IPs.

Nothing here imports cleanupd: whatever it gets wrong must not be wrong here in the same way.
"""

import collections.abc
import json
import re
import typing

from tests.sandbox import box

Key = tuple[str, str]  # type and id
Record = dict[str, typing.Any]
Inventory = dict[Key, Record]

# Fields that change while nobody does anything to the resource.
VOLATILE = frozenset({"updated_at", "revision_number", "status"})
# What a record says of other resources: a name or an id that is Rally's makes it Rally's.
OWNERS = ("device_id", "user_id", "default_project_id", "port_id", "parent_id")
# These only say that somebody connected something: they make nobody the owner.
CONNECTED = frozenset({"floating_ip", "trunk"})


def take() -> Inventory:
    """Everything that is in the cloud now."""
    lines = box.run("inventory").splitlines()
    records = (json.loads(line) for line in lines)
    return {(record["type"], record["id"]): record for record in records}


def find_rally(inventory: Inventory, name_parts: collections.abc.Iterable[str]) -> set[Key]:
    """The resources of the workloads: by name, by project, by user, by the server they serve.

    Deliberately simple, and complete for clouds in which nobody else joined Rally's projects.
    """
    name = re.compile(rf"[sc]_rally_({'|'.join(sorted(name_parts))})_[A-Za-z0-9]{{8}}(_\d+)?")

    def is_named(record: Record) -> bool:
        texts = [record["name"]]
        if record["type"] == "floating_ip":
            texts.append(record.get("description") or "")
        return any(name.fullmatch(text) for text in texts)

    found = {key for key, record in inventory.items() if is_named(record)}
    while True:
        ids = {identity for _, identity in found}
        more = {key for key, record in inventory.items() if _belongs(record, ids)} - found
        if not more:
            return found
        found |= more


def _belongs(record: Record, ids: set[str]) -> bool:
    if record["project_id"] in ids:
        return True
    if record["type"] in CONNECTED:
        return False
    owners = {record.get(field) for field in OWNERS} - {None, ""}
    return bool(owners & ids)


def compare(
    before: Inventory,
    after: Inventory,
    keys: collections.abc.Iterable[Key],
    *,
    ignoring: collections.abc.Container[str] = VOLATILE,
) -> list[str]:
    """What happened to the resources with these keys, a line for each; none when all is well."""
    problems = []
    for key in sorted(keys):
        old, new = before[key], after.get(key)
        label = f"{old['type']} {old['name'] or old['id']}"
        if new is None:
            problems.append(f"{label} is gone")
            continue
        changed = sorted(
            field for field in old if field not in ignoring and old[field] != new.get(field)
        )
        problems += [f"{label}: {field} {old[field]} -> {new.get(field)}" for field in changed]
    return problems
