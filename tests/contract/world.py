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

"""One resource of each kind that cleanupd manages, made and razed by openstacksdk."""

from collections.abc import Callable
import contextlib
import dataclasses
import json
import secrets
import time
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import session as sessions
import openstack
from openstack import exceptions as sdk_exceptions

from tests.contract import balancers
from tests.contract import shares

#: From here on Cinder shows the history of a transfer.
LATER = "3.59"
#: What is made of Ironic's, in the order in which it can be removed, and where.
METAL = {
    "metal_allocation": "allocations",
    "metal_node": "nodes",
    "metal_chassis": "chassis",
    "metal_template": "deploy_templates",
}


def _replacing(field: str, value: str) -> dict[str, str]:
    return {"op": "add", "path": f"/{field}", "value": value}


@dataclasses.dataclass
class World:
    """One of everything on a cloud, by what it is called in the tests."""

    sdk: openstack.connection.Connection
    name: str
    #: Of the administrator of the whole system.
    system: sessions.Session
    ids: dict[str, str] = dataclasses.field(default_factory=dict)

    def build(self) -> None:
        """Make everything; the names all begin with ``name``."""
        self._identity()
        self._network()
        self._types()
        self._storage()
        self._compute()
        self._hosts()
        self._images()
        balancers.build(self.sdk, self.name, self.ids)
        self._metal()
        self._dns()
        self._stack()
        shares.build(self.sdk, self.name, self.ids)
        self._backup("incremental", is_incremental=True)

    def _identity(self) -> None:
        identity, name = self.sdk.identity, self.name
        project = identity.create_project(name=name, domain_id="default")
        child = identity.create_project(
            name=f"{name}-child", domain_id="default", parent_id=project.id
        )
        user = identity.create_user(
            name=name,
            domain_id="default",
            password=secrets.token_hex(),
            default_project_id=project.id,
        )
        self.ids |= {"project": project.id, "child": child.id, "user": user.id}
        credential = {"access": name, "secret": secrets.token_hex()}
        made = identity.create_credential(
            user_id=user.id, project_id=project.id, type="ec2", blob=json.dumps(credential)
        )
        self._keep("credential", made)
        role = self._keep("role", identity.create_role(name=name))
        identity.assign_project_role_to_user(project, user, role)
        implied = self._keep("implied_role", identity.create_role(name=f"{name}-implied"))
        assert identity.put(f"/roles/{role.id}/implies/{implied.id}").ok
        domain_role = identity.create_role(name=f"{name}-domain", domain_id="default")
        self._keep("domain_role", domain_role)
        service = self._keep("service", identity.create_service(name=name, type="contract"))
        endpoint = identity.create_endpoint(
            service_id=service.id,
            interface="public",
            url="http://127.0.0.1:1",
            region_id="RegionOne",
        )
        self._keep("endpoint", endpoint)

    def _keep(self, what: str, made: Any) -> Any:
        self.ids[what] = str(made["id"])
        return made

    def _network(self) -> None:
        api, name = self.sdk.network, self.name
        outside = next(iter(api.networks(is_router_external=True)))
        network = api.create_network(name=name)
        subnet = api.create_subnet(
            network_id=network.id, ip_version=4, cidr="10.78.0.0/24", name=name
        )
        router = api.create_router(name=name, external_gateway_info={"network_id": outside.id})
        api.add_interface_to_router(router, subnet=subnet.id)
        routes = [{"destination": "10.99.0.0/24", "nexthop": "10.78.0.9"}]
        api.update_router(router, routes=routes)
        remote = api.create_security_group(name=f"{name}-remote")
        group = api.create_security_group(name=name)
        api.create_security_group_rule(
            security_group_id=group.id,
            direction="ingress",
            ethertype="IPv4",
            remote_group_id=remote.id,
        )
        # Asking for a project's groups makes Neutron create the one named default.
        [default] = api.security_groups(project_id=self.ids["project"])
        port = api.create_port(network_id=network.id, name=name, security_group_ids=[group.id])
        self.ids |= {"outside": outside.id, "network": network.id, "subnet": subnet.id}
        self.ids |= {"router": router.id, "group": group.id, "remote_group": remote.id}
        self.ids |= {"port": port.id, "default_group": default.id}
        for owner in ("gateway", "interface"):
            device = f"network:router_{owner}"
            [found] = api.ports(device_id=router.id, device_owner=device)
            self.ids[owner] = found.id
        self._trunk()
        self._extensions()

    def _extensions(self) -> None:
        """What Neutron has by extensions; not every cloud has the last ones."""
        policy = self._plain("qos_policy", "/qos/policies", "policy")
        scope = self._plain("address_scope", "/address-scopes", "address_scope", ip_version=4)
        ranges = {"prefixes": ["10.80.0.0/16"], "default_prefixlen": "24"}
        pool = self._plain(
            *("subnet_pool", "/subnetpools", "subnetpool"), address_scope_id=scope, **ranges
        )
        network = self._plain("pooled_network", "/networks", "network", qos_policy_id=policy)
        of_pool = {"network_id": network, "ip_version": 4, "subnetpool_id": pool}
        self._plain("pooled_subnet", "/subnets", "subnet", **of_pool)
        addresses = self._plain("address_group", "/address-groups", "address_group", addresses=[])
        group = self._plain("addressed_group", "/security-groups", "security_group")
        self.sdk.network.create_security_group_rule(
            security_group_id=group, direction="ingress", remote_address_group_id=addresses
        )
        lent = self.sdk.network.create_rbac_policy(
            object_type="network",
            object_id=network,
            action="access_as_shared",
            target_tenant=self.ids["project"],
        )
        self._keep("rbac_policy", lent)
        if self.sdk.network.find_extension("bgpvpn"):
            self._plain("bgpvpn", "/bgpvpn/bgpvpns", "bgpvpn")
        if self.sdk.network.find_extension("fwaas_v2"):
            path = "/fwaas/firewall_"
            rule = self._plain("firewall_rule", f"{path}rules", "firewall_rule")
            rules = {"firewall_rules": [rule]}
            policy = self._plain("firewall_policy", f"{path}policies", "firewall_policy", **rules)
            used = {"ingress_firewall_policy_id": policy}
            self._plain("firewall_group", f"{path}groups", "firewall_group", **used)

    def _plain(self, what: str, path: str, singular: str, **fields: Any) -> str:
        """Make one of a collection of Neutron's, and return its id."""
        body = {singular: {"name": f"{self.name}-{what}", **fields}}
        answer = self.sdk.network.post(path, json=body)
        assert answer.ok, answer.text
        return str(self._keep(what, answer.json()[singular])["id"])

    def _trunk(self) -> None:
        api, name, network = self.sdk.network, self.name, self.ids["network"]
        parent = self._keep("parent", api.create_port(network_id=network, name=f"{name}-parent"))
        subport = self._keep("subport", api.create_port(network_id=network, name=f"{name}-sub"))
        tagged = {"port_id": subport.id, "segmentation_type": "vlan", "segmentation_id": 7}
        self._keep("trunk", api.create_trunk(name=name, port_id=parent.id, sub_ports=[tagged]))

    def _types(self) -> None:
        api, name = self.sdk.block_storage, self.name
        body = {"qos_specs": {"name": name, "consumer": "both", "read_iops_sec": "10"}}
        spec = self._keep("qos_spec", api.post("/qos-specs", json=body).json()["qos_specs"])
        public = self._keep("type", api.create_type(name=name))
        api.get(f"/qos-specs/{spec['id']}/associate?vol_type_id={public.id}")
        private = self._keep("private_type", api.create_type(name=f"{name}-p", is_public=False))
        access = {"addProjectAccess": {"project": self.ids["project"]}}
        assert api.post(f"/types/{private.id}/action", json=access).ok

    def _storage(self) -> None:
        api, name = self.sdk.block_storage, self.name
        volume = self._keep("volume", api.create_volume(size=1, name=name))
        typed = api.create_volume(size=1, name=f"{name}-offered", volume_type=name)
        self._keep("offered", typed)
        api.wait_for_status(volume, "available", interval=0.5)
        snapshot = self._keep("snapshot", api.create_snapshot(volume_id=volume.id, name=name))
        api.wait_for_status(snapshot, "available", interval=0.5)
        copy = api.create_volume(size=1, name=f"{name}-copy", snapshot_id=snapshot.id)
        self._keep("copy", copy)
        api.wait_for_status(copy, "available", interval=0.5)
        self._backup("backup", is_incremental=False)
        api.wait_for_status(typed, "available", interval=0.5)
        offer = {"transfer": {"volume_id": typed.id, "name": name}}
        made = api.post("/volume-transfers", json=offer, microversion=LATER)
        self._keep("transfer", made.json()["transfer"])

    def _backup(self, what: str, *, is_incremental: bool) -> None:
        """Begin to back the copy up; what was begun before has to have ended."""
        api = self.sdk.block_storage
        for before in [one for one in ("backup",) if one in self.ids]:
            api.wait_for_status(api.get_backup(self.ids[before]), "available", interval=0.5)
        made = api.create_backup(
            volume_id=self.ids["copy"],
            name=f"{self.name}-{what}",
            is_incremental=is_incremental,
        )
        self._keep(what, made)
        if is_incremental:
            api.wait_for_status(api.get_backup(made.id), "available", interval=0.5)

    def _images(self) -> None:
        api = self.sdk.image
        fields = {"container_format": "bare", "disk_format": "raw"}
        image = api.create_image(self.name, data=b"nothing", **fields)
        api.update_image(image, is_hidden=True)
        protected = api.create_image(f"{self.name}-protected", data=b"nothing", **fields)
        api.update_image(protected, is_protected=True)
        deactivated = api.create_image(f"{self.name}-deactivated", data=b"nothing", **fields)
        api.deactivate_image(deactivated)
        self.ids |= {"image": image.id, "protected_image": protected.id}
        self.ids |= {"deactivated_image": deactivated.id}

    def _compute(self) -> None:
        api = self.sdk.compute
        flavor = api.create_flavor(name=self.name, ram=64, vcpus=1, disk=1, is_public=False)
        keypair = api.create_keypair(name=f"{self.name} key")
        group = self._keep(
            "server_group", api.create_server_group(name=self.name, policy="anti-affinity")
        )
        image = next(one for one in self.sdk.image.images() if one.name.startswith("cirros"))
        server = api.create_server(
            name=self.name,
            flavor_id=flavor.id,
            image_id=image.id,
            key_name=keypair.name,
            networks=[{"uuid": self.ids["network"]}],
            scheduler_hints={"group": group.id},
        )
        self.ids |= {"flavor": flavor.id, "keypair": f"{self.sdk.current_user_id}/{keypair.name}"}
        self.ids |= {"server": server.id, "base_image": image.id}
        server = api.wait_for_server(server, interval=1)
        api.create_volume_attachment(server, volume_id=self.ids["volume"])
        api.lock_server(server)
        [port] = self.sdk.network.ports(device_id=server.id)
        address = self.sdk.network.create_ip(
            floating_network_id=self.ids["outside"], port_id=port.id, description=self.name
        )
        self.ids |= {"server_port": port.id, "floating_ip": address.id}

    def _metal(self) -> None:
        """A node that is allocated, with all that belongs to it."""
        name = self.name
        chassis = self._forge("metal_chassis", "chassis", description=name)
        node = self._forge(
            *("metal_node", "nodes"), driver="fake-hardware", name=name, chassis_uuid=chassis
        )
        address = ":".join(("52:54:00", *(secrets.token_hex(1) for _ in range(3))))
        group = self._forge("metal_group", "portgroups", node_uuid=node, name=name)
        where = {"node_uuid": node, "portgroup_uuid": group, "address": address}
        self._forge("metal_port", "ports", **where)
        step = {"interface": "deploy", "step": "deploy", "args": {}, "priority": 0}
        trait = f"CUSTOM_{name.upper().replace('-', '_')}"
        self._forge("metal_template", "deploy_templates", name=trait, steps=[step])
        self._metal_call("PATCH", f"nodes/{node}", [_replacing("resource_class", name)])
        for target, state in (("manage", "manageable"), ("provide", "available")):
            self._metal_call("PUT", f"nodes/{node}/states/provision", {"target": target})
            self._metal_wait(f"nodes/{node}", "provision_state", state)
        self._metal_call("PUT", f"nodes/{node}/states/power", {"target": "power on"})
        self._metal_wait(f"nodes/{node}", "power_state", "power on")
        allocation = self._forge("metal_allocation", "allocations", name=name, resource_class=name)
        self._metal_wait(f"allocations/{allocation}", "state", "active")

    def _forge(self, what: str, path: str, **fields: Any) -> str:
        """Make one of a collection of Ironic's, and return its id."""
        self.ids[what] = str(self._metal_call("POST", path, fields)["uuid"])
        return self.ids[what]

    def _metal_call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask Ironic with the system's token; it says 409 while it works on the node."""
        metal = adapter.Adapter(
            self.system,
            service_type="baremetal",
            interface="public",
            region_name="RegionOne",
            min_version="1",
            max_version="1.latest",
            default_microversion="1.65",
        )
        answer = metal.request(
            f"/{path}", method, json=body, retriable_status_codes=[409], status_code_retries=9
        )
        return answer.json() if answer.content else None

    def _metal_wait(self, path: str, field: str, wanted: str) -> None:
        for _ in range(100):
            found = self._metal_call("GET", path)
            if found[field] == wanted and not found.get("reservation"):
                return
            time.sleep(0.3)
        raise AssertionError(f"{path} is {found[field]}, not {wanted}")

    def _hosts(self) -> None:
        api = self.sdk.compute
        aggregate = self._keep("aggregate", api.create_aggregate(name=self.name))
        host = next(one.host for one in api.services() if one.binary == "nova-compute")
        api.add_host_to_aggregate(aggregate, host)
        api.set_aggregate_metadata(aggregate, {"filter_tenant_id": self.ids["project"]})
        self.ids["host"] = host

    def _dns(self) -> None:
        api, email = self.sdk.dns, "contract@example.org"
        zone = self._keep("zone", api.create_zone(name=f"{self.name}.name.", email=email))
        below = api.create_zone(name=f"{self.name}-sub.{zone.name}", email=email)
        self._keep("subzone", below)
        name = f"{self.name}-record.{zone.name}"
        made = api.create_recordset(zone.id, name=name, type="A", records=["192.0.2.7"])
        self._keep("recordset", made)
        while api.get_zone(zone.id).status != "ACTIVE":
            time.sleep(0.2)

    def _stack(self) -> None:
        api, name = self.sdk.orchestration, self.name
        net = {"type": "OS::Neutron::Net"}
        template = {
            "heat_template_version": "2018-08-31",
            "resources": {
                "net": net,
                "known": {**net, "external_id": self.ids["outside"]},
                "inner": {
                    "type": "OS::Heat::ResourceGroup",
                    "properties": {"count": 1, "resource_def": net},
                },
            },
        }
        body = {"stack_name": name, "template": template, "disable_rollback": True}
        made = self._keep("stack", api.post("/stacks", json=body).json()["stack"])
        path = f"/stacks/{name}/{made['id']}"
        while api.get(path).json()["stack"]["stack_status"] == "CREATE_IN_PROGRESS":
            time.sleep(0.5)
        found = api.get(f"{path}/resources?nested_depth=2").json()["resources"]
        called = {"net": "stacked_network", "inner": "inner_stack", "0": "inner_network"}
        for one in found:
            if what := called.get(one["resource_name"]):
                self.ids[what] = one["physical_resource_id"]

    def raze(self) -> None:
        """Remove whatever a failed test left, by openstacksdk."""
        balancers.raze(self.sdk, self.ids)
        shares.raze(self.sdk, self.ids)
        for zone in ("subzone", "zone"):
            self._try(zone, self.sdk.dns.delete_zone, self.sdk.dns.get_zone)
        self._try("stack", lambda one: self.sdk.orchestration.delete(f"/stacks/{self.name}/{one}"))
        self._try("floating_ip", self.sdk.network.delete_ip)
        self._raze_compute()
        self._raze_storage()
        self._raze_network()
        api = self.sdk.image
        self._try("protected_image", lambda one: api.update_image(one, is_protected=False))
        for image in ("image", "protected_image", "deactivated_image"):
            self._try(image, api.delete_image)
        self._raze_identity()
        for what, path in METAL.items():
            self._try(what, lambda one, path=path: self._metal_call("DELETE", f"{path}/{one}"))

    def _raze_compute(self) -> None:
        api = self.sdk.compute
        self._try("server", api.delete_server, api.get_server)
        self._try("server_group", api.delete_server_group)
        self._try("aggregate", self._empty)
        self._try("aggregate", api.delete_aggregate)
        self._try("keypair", lambda one: api.delete_keypair(one.partition("/")[2]))
        self._try("flavor", api.delete_flavor)

    def _raze_storage(self) -> None:
        api = self.sdk.block_storage
        for backup in ("incremental", "backup"):
            self._try(backup, api.delete_backup, api.get_backup)
        self._try("copy", api.delete_volume, api.get_volume)
        self._try("snapshot", api.delete_snapshot, api.get_snapshot)
        self._try("transfer", lambda one: api.delete(f"/os-volume-transfer/{one}"))
        for volume in ("volume", "offered"):
            self._try(volume, api.delete_volume, api.get_volume)
        for type_ in ("private_type", "type"):
            self._try(type_, api.delete_type)
        self._try("qos_spec", lambda one: api.delete(f"/qos-specs/{one}"))

    def _raze_network(self) -> None:
        api, subnet = self.sdk.network, self.ids.get("subnet")
        self._try("router", lambda one: api.update_router(one, routes=[]))
        self._try("router", lambda one: api.remove_interface_from_router(one, subnet=subnet))
        self._try("router", api.delete_router)
        self._try("trunk", api.delete_trunk)
        for port in ("port", "parent", "subport"):
            self._try(port, api.delete_port)
        for network in ("network", "pooled_network"):
            self._try(network, api.delete_network)
        for group in ("group", "remote_group", "default_group", "addressed_group"):
            self._try(group, api.delete_security_group)
        self._try("address_group", lambda one: api.delete(f"/address-groups/{one}"))
        self._try("subnet_pool", api.delete_subnet_pool)
        self._try("address_scope", api.delete_address_scope)
        self._try("qos_policy", api.delete_qos_policy)

    def _raze_identity(self) -> None:
        api = self.sdk.identity
        for role in ("role", "implied_role", "domain_role"):
            self._try(role, api.delete_role)
        self._try("service", api.delete_service)
        self._try("user", api.delete_user)
        for project in ("child", "project"):
            self._try(project, api.delete_project)

    def _empty(self, aggregate: str) -> None:
        self.sdk.compute.remove_host_from_aggregate(aggregate, self.ids["host"])

    def _try(
        self,
        what: str,
        remove: Callable[[str], object],
        get: Callable[[str], object] | None = None,
    ) -> None:
        """Remove ``what``, if it was made, and wait until ``get`` finds it no more."""
        if what not in self.ids:
            return
        with contextlib.suppress(sdk_exceptions.SDKException, ks_exceptions.ClientException):
            remove(self.ids[what])
            for _ in range(100 if get else 0):
                get(self.ids[what])
                time.sleep(0.2)
