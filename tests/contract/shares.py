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
"""A share with a snapshot and what they need, made and razed by plain requests."""

import contextlib
import time
from typing import Any

import openstack
from openstack import exceptions as sdk_exceptions

VERSION = "2.60"
#: What is made, and of which kind, in an order in which it can be removed.
REMOVAL = (
    ("shared_file_system.snapshot", "share_snapshot"),
    ("shared_file_system.share", "share"),
    ("shared_file_system.share_network", "share_network"),
    ("shared_file_system.security_service", "security_service"),
    ("shared_file_system.share_type", "share_type"),
    ("shared_file_system.share_type", "private_share_type"),
)
PATHS = {
    "shared_file_system.snapshot": "snapshots",
    "shared_file_system.share": "shares",
    "shared_file_system.share_network": "share-networks",
    "shared_file_system.security_service": "security-services",
    "shared_file_system.share_type": "types",
}
USED = ("share", "security_service", "share_type")


def build(sdk: openstack.connection.Connection, name: str, ids: dict[str, str]) -> None:
    """Make it on the network among the ids, and add the ids of all."""
    api = sdk.shared_file_system

    def post(path: str, body: dict[str, Any]) -> Any:
        answer = api.post(path, json=body, microversion=VERSION)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def make(what: str, kind: str, **fields: object) -> str:
        noun = kind.partition(".")[2]
        made = post(f"/{PATHS[kind]}", {noun: {"name": f"{name}-{what}", **fields}})[noun]
        ids[what] = made["id"]
        while made.get("status") == "creating":
            time.sleep(0.2)
            path = f"/{PATHS[kind]}/{ids[what]}"
            made = api.get(path, microversion=VERSION).json()[noun]
        return ids[what]

    specs = {"driver_handles_share_servers": False, "snapshot_support": True}
    type_ = make("share_type", REMOVAL[4][0], extra_specs=specs)
    access = "share_type_access:is_public"
    private = make("private_share_type", REMOVAL[5][0], extra_specs=specs, **{access: False})
    project = {"addProjectAccess": {"project": ids["project"]}}
    post(f"/types/{private}/action", project)
    service = make("security_service", REMOVAL[3][0], type="ldap", dns_ip="192.0.2.7")
    where = {"neutron_net_id": ids["network"], "neutron_subnet_id": ids["subnet"]}
    network = make("share_network", REMOVAL[2][0], **where)
    body = {"add_security_service": {"security_service_id": service}}
    post(f"/share-networks/{network}/action", body)
    share = make("share", REMOVAL[1][0], share_proto="NFS", size=1, share_type=type_)
    make("share_snapshot", REMOVAL[0][0], share_id=share)


def raze(sdk: openstack.connection.Connection, ids: dict[str, str]) -> None:
    """Remove whatever a failed test left."""
    api = sdk.shared_file_system
    for kind, what in REMOVAL:
        path = f"/{PATHS[kind]}/{ids.get(what)}"
        with contextlib.suppress(sdk_exceptions.SDKException):
            for _ in range(100 if what in ids else 0):
                if api.delete(path, microversion=VERSION).status_code == 404:
                    break
                time.sleep(0.2)
