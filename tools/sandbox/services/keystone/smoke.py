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
"""Identity: a project, a user, a role in it, and the user's own token."""

import contextlib


def smoke(admin, demo):
    """A new user can authenticate in a new project."""
    identity = admin.identity
    with contextlib.ExitStack() as undo:
        project = identity.create_project(name="smoke-project", domain_id="default")
        undo.callback(identity.delete_project, project)
        fields = {"name": "smoke-user", "domain_id": "default", "password": "smoke"}
        user = identity.create_user(default_project_id=project.id, **fields)
        undo.callback(identity.delete_user, user)
        role = identity.find_role("member")
        identity.assign_project_role_to_user(project, user, role)
        fields = {"username": "smoke-user", "password": "smoke"}
        own = admin.connect_as(project_name="smoke-project", **fields)
        assert own.current_project_id == project.id
