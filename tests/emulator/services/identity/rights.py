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
"""Who has which role where: directly, by a group, by implication."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

from tests.emulator import cloud as cloud_module

Body = cloud_module.Body
Cloud = cloud_module.Cloud
Target = tuple[str, str]


def groups_of(cloud: Cloud, user_id: str) -> list[str]:
    """The ids of the groups that the user is in."""
    return [row["group_id"] for row in cloud["identity.membership"].where("user_id", user_id)]


def members_of(cloud: Cloud, group_id: str) -> list[str]:
    """The ids of the users that are in the group."""
    return [row["user_id"] for row in cloud["identity.membership"].where("group_id", group_id)]


def assignments_of(cloud: Cloud, user_id: str) -> Iterator[Body]:
    """The user's assignments and those of the user's groups."""
    rows = cloud["identity.role_assignment"]
    yield from (row for row in rows.where("actor_id", user_id) if row["actor"] == "user")
    for group_id in groups_of(cloud, user_id):
        yield from (row for row in rows.where("actor_id", group_id) if row["actor"] == "group")


def implied_by(cloud: Cloud, role_id: str) -> list[tuple[str, str]]:
    """Each role that the role implies, also over others, with the one that implies it."""
    found: list[tuple[str, str]] = []
    waiting = [role_id]
    while waiting:
        prior = waiting.pop(0)
        for row in cloud["identity.inference"]:
            implied = row["implied_role_id"]
            if row["prior_role_id"] == prior and implied not in {one for one, _ in found}:
                found.append((implied, prior))
                waiting.append(implied)
    return found


def roles_in(cloud: Cloud, user_id: str, target: Target) -> frozenset[str]:
    """The names of the user's roles there, with those that they imply.

    A domain's own role is in no token, but what it implies is.
    """
    direct = {
        row["role_id"]
        for row in assignments_of(cloud, user_id)
        if (row["target"], row["target_id"]) == target
    }
    implied = {one for role_id in direct for one, _ in implied_by(cloud, role_id)}
    roles = (cloud["identity.role"].get(role_id) for role_id in direct | implied)
    return frozenset(role["name"] for role in roles if role and role["domain_id"] is None)


def targets_of(cloud: Cloud, user_id: str, kind: str) -> list[str]:
    """The ids of the projects or domains in which the user has a role, each once, in order."""
    found = {row["target_id"] for row in assignments_of(cloud, user_id) if row["target"] == kind}
    return sorted(found)


def forget(cloud: Cloud, rows: Iterable[Body]) -> None:
    """The assignments are gone."""
    for row in list(rows):
        cloud["identity.role_assignment"].remove(cloud_module.assignment_key(row))


def revoke(cloud: Cloud, belongs: Callable[[cloud_module.Token], bool]) -> None:
    """The tokens are no longer valid."""
    for token in [token for token in cloud.tokens.values() if belongs(token)]:
        del cloud.tokens[token.id]
