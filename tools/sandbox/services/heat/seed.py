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
"""Heat's domain for users of stacks, its administrator, its roles."""

from controlplane import layout


def seed(admin):
    """The domain, its administrator and the roles exist."""
    identity = admin.identity
    domain = identity.find_domain("heat") or identity.create_domain(name="heat")
    name = "heat_domain_admin"
    user = identity.find_user(name, domain_id=domain.id) or identity.create_user(
        name=name, domain_id=domain.id, password=layout.PASSWORD
    )
    identity.assign_domain_role_to_user(domain, user, identity.find_role("admin"))
    for role in ("heat_stack_owner", "heat_stack_user"):
        identity.find_role(role) or identity.create_role(name=role)
