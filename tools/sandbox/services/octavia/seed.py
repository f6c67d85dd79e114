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
"""Octavia's roles; the ordinary users may make load balancers."""

ROLES = (
    "load-balancer_observer",
    "load-balancer_global_observer",
    "load-balancer_member",
    "load-balancer_quota_admin",
    "load-balancer_admin",
)


def seed(admin):
    """The roles exist, and demo and production are load-balancer members."""
    identity = admin.identity
    for role in ROLES:
        identity.find_role(role) or identity.create_role(name=role)
    member = identity.find_role("load-balancer_member")
    for person in ("demo", "production"):
        project, user = identity.find_project(person), identity.find_user(person)
        identity.assign_project_role_to_user(project, user, member)
