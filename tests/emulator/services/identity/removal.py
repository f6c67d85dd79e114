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
"""What goes along when a project, domain, user, group or role is deleted.

Seen on a real Keystone 30: a project takes its role assignments and credentials along and is no
longer anybody's default project; a user takes role assignments, memberships, credentials; a group
the same; a role its assignments and implications; a domain its users, groups and projects, while
roles of that domain stay. What other services keep of them (keypairs, networks, quotas) stays.
"""

from tests.emulator import cloud as cloud_module
from tests.emulator.services.identity import rights

Body = cloud_module.Body
Cloud = cloud_module.Cloud


def _remove(cloud: Cloud, kind: str, field: str, value: str) -> None:
    for row in list(cloud[kind].where(field, value)):
        cloud[kind].remove(row["id"])


def remove_project(cloud: Cloud, project_id: str) -> None:
    """The project is gone with what Keystone keeps of it."""
    _forget_target(cloud, ("project", project_id))
    for user in list(cloud["identity.user"].where("default_project_id", project_id)):
        del user["default_project_id"]
    for kind in ("identity.credential", "identity.application_credential"):
        _remove(cloud, kind, "project_id", project_id)
    cloud["identity.project"].remove(project_id)


def remove_user(cloud: Cloud, user_id: str) -> None:
    """The user is gone with what Keystone keeps of it."""
    _forget_actor(cloud, "user", user_id)
    for row in list(cloud["identity.membership"].where("user_id", user_id)):
        cloud["identity.membership"].remove(cloud_module.membership_key(row))
    for kind in ("identity.credential", "identity.application_credential"):
        _remove(cloud, kind, "user_id", user_id)
    cloud.passwords.pop(user_id, None)
    cloud["identity.user"].remove(user_id)
    rights.revoke(cloud, lambda token: token.user_id == user_id)


def remove_group(cloud: Cloud, group_id: str) -> None:
    """The group is gone; its members stay, without what they had by it."""
    members = set(rights.members_of(cloud, group_id))
    _forget_actor(cloud, "group", group_id)
    for user_id in members:
        cloud["identity.membership"].remove((group_id, user_id))
    cloud["identity.group"].remove(group_id)
    rights.revoke(cloud, lambda token: token.user_id in members)


def remove_role(cloud: Cloud, role_id: str) -> None:
    """The role is gone, and nobody has it."""
    rights.forget(cloud, cloud["identity.role_assignment"].where("role_id", role_id))
    for row in list(cloud["identity.inference"]):
        if role_id in {row["prior_role_id"], row["implied_role_id"]}:
            cloud["identity.inference"].remove(cloud_module.inference_key(row))
    cloud["identity.role"].remove(role_id)


def remove_domain(cloud: Cloud, domain_id: str) -> None:
    """The domain is gone with everybody in it."""
    for kind, remove in (
        ("identity.user", remove_user),
        ("identity.group", remove_group),
        ("identity.project", remove_project),
    ):
        for row in list(cloud[kind].where("domain_id", domain_id)):
            remove(cloud, row["id"])
    _forget_target(cloud, ("domain", domain_id))
    cloud["identity.domain"].remove(domain_id)


def _forget_target(cloud: Cloud, target: rights.Target) -> None:
    rows = cloud["identity.role_assignment"].where("target_id", target[1])
    rights.forget(cloud, (row for row in rows if row["target"] == target[0]))
    rights.revoke(cloud, lambda token: token.target == target)


def _forget_actor(cloud: Cloud, actor: str, actor_id: str) -> None:
    rows = cloud["identity.role_assignment"].where("actor_id", actor_id)
    rights.forget(cloud, (row for row in rows if row["actor"] == actor))
