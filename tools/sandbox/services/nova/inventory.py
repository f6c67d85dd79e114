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
"""Servers, key pairs of every user, flavors (private ones too), server groups, aggregates."""

from cloud import inventory
from controlplane import databases


def list_all(admin):
    """All of the compute service's records, of every project and user."""
    compute = admin.compute
    servers = list(compute.servers(all_projects=True))
    fields = (
        "status", "user_id", "description", "metadata", "key_name", "addresses",
        "attached_volumes", "created_at", "updated_at",
    )  # fmt: skip
    for server in servers:
        yield inventory.record("server", server, *fields)
    for user in sorted(find_users(admin, servers)):
        for keypair in compute.keypairs(user_id=user):
            yield inventory.record("keypair", keypair, "fingerprint", user_id=user) | {
                "id": f"{user}/{keypair.name}"
            }
    for flavor in compute.flavors(is_public=None):
        fields = ("is_public", "ram", "vcpus", "disk", "extra_specs")
        yield inventory.record("flavor", flavor, *fields, access=list_access(compute, flavor))
    for group in compute.server_groups(all_projects=True):
        yield inventory.record("server_group", group, "user_id", "member_ids")
    for aggregate in compute.aggregates():
        fields = ("availability_zone", "hosts", "metadata")
        yield inventory.record("aggregate", aggregate, *fields)


def find_users(admin, servers):
    """Everybody who may have key pairs: known users, owners of servers, and vanished users.

    Nova lists key pairs only for a user whose id is given, and keeps them when the user is
    deleted: who those are is known to its database alone.
    """
    known = {user.id for user in admin.identity.users()}
    owners = {server.user_id for server in servers}
    rows = databases.query("SELECT DISTINCT user_id FROM nova_api.key_pairs")
    return known | owners | {row[0] for row in rows}


def list_access(compute, flavor):
    """The projects that may use a private flavor; nothing for a public one."""
    if flavor.is_public:
        return []
    return sorted(access["tenant_id"] for access in compute.get_flavor_access(flavor))
