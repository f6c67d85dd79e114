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
"""Projects, users, roles and who has them, catalogue."""

from cloud import inventory


def list_all(admin):
    """All of the identity service's records, of every domain."""
    identity = admin.identity
    for project in identity.projects():
        fields = ("description", "domain_id", "is_enabled", "tags")
        yield inventory.record("project", project, *fields, project="")
    for user in identity.users():
        fields = ("description", "domain_id", "default_project_id", "is_enabled", "email")
        yield inventory.record("user", user, *fields, project="")
    for kind, listing in (
        ("role", identity.roles),
        ("domain", identity.domains),
        ("group", identity.groups),
    ):
        for resource in listing():
            yield inventory.record(kind, resource, "description", project="")
    for service in identity.services():
        yield inventory.record("service", service, service_type=service.type, project="")
    for endpoint in identity.endpoints():
        yield inventory.record("endpoint", endpoint, "url", "interface", "service_id", project="")
    for assignment in identity.role_assignments():
        yield describe_assignment(assignment)


def describe_assignment(assignment):
    """The record of a role assignment, which has no id of its own."""
    actor = (assignment.user or assignment.group or {}).get("id", "")
    project = (assignment.scope.get("project") or {}).get("id", "")
    scope = project or str(assignment.scope)
    return {
        "type": "role_assignment",
        "id": f"{actor}/{scope}/{assignment.role['id']}",
        "name": "",
        "project_id": project,
        "user_id": actor,
        "role_id": assignment.role["id"],
    }
