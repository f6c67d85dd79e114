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
"""Ports: made, changed, bound, removed.

Sources: API reference, Networking v2.0, "Ports", and what a real Neutron 29 answers: statuses,
types, messages and orders were seen there.
"""

import ipaddress
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import addressing
from tests.emulator.services.network import changes
from tests.emulator.services.network import collections
from tests.emulator.services.network import policy
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body

ROUTER_OWNED = {
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
    "network:router_gateway",
    "network:router_centralized_snat",
    "network:floatingip",
}
"""Ports that only the router's and the floating IP's own calls remove."""

SERVERS = ("compute:", "baremetal:", "manila:")
"""Owners whose ports only the administrator deletes (Neutron 29's policy)."""


def _fixed_ips(
    call: web.Call, on: Body, mac: str, wanted: Body, mine: Body | None = None
) -> list[Body]:
    """The port's addresses, to which automatic ones come unless it is a router's."""
    found = addressing.fixed_ips(call, on, mac, wanted["fixed_ips"], mine=mine)
    if wanted["device_owner"] in ROUTER_OWNED:
        return found
    return addressing.with_automatic(call, on, mac, found)


def make(call: web.Call, wanted: Body) -> Body:
    """A port with addresses, groups and binding as wanted, or as Neutron chooses."""
    on = policy.find(call, collections.NETWORKS, wanted["network_id"])
    secure = _is_secure(on, wanted)
    _check_security(wanted, has_security=secure)
    mac = wanted.get("mac_address")
    if mac is not None:
        _check_mac_free(call, on, mac)
    groups = _groups(call, wanted, has_security=secure)
    mac = mac or addressing.new_mac(call)
    fixed_ips = _fixed_ips(call, on, mac, {"fixed_ips": None, **wanted})
    plain = {
        key: wanted[key]
        for key in (
            *("name", "description", "admin_state_up", "device_id", "device_owner", "dns_name"),
            *("binding:vnic_type", "qos_policy_id"),
        )
    }
    made = shapes.port(
        call.cloud,
        on,
        project_id=wanted["project_id"],
        mac_address=mac,
        fixed_ips=fixed_ips,
        security_groups=groups,
        port_security_enabled=secure,
        allowed_address_pairs=_pairs(wanted.get("allowed_address_pairs", []), mac),
        extra_dhcp_opts=_dhcp_options(wanted["extra_dhcp_opts"] or []),
        **plain,
    )
    if wanted.get("binding:host_id"):
        bind(call.cloud, made, wanted["binding:host_id"])
    return made


def _is_secure(on: Body, wanted: Body) -> bool:
    """Port security: as wanted, else as on the network; never for Neutron's own devices."""
    if "port_security_enabled" in wanted:
        return bool(wanted["port_security_enabled"])
    return bool(on["port_security_enabled"]) and not _is_device(wanted["device_owner"])


def _is_device(owner: str) -> bool:
    return owner.startswith("network:")


def _check_security(wanted: Body, *, has_security: bool) -> None:
    """Groups and address pairs need port security; pairs name their addresses, once."""
    _check_pairs(wanted.get("allowed_address_pairs") or [])
    if has_security:
        return
    if wanted.get("security_groups"):
        raise web.Refused(
            400,
            "Port security must be enabled and port must have an IP address in order to use "
            "security groups.",
            "PortSecurityAndIPRequiredForSecurityGroups",
        )
    if wanted.get("allowed_address_pairs"):
        raise policy.conflict(
            "AddressPairAndPortSecurityRequired",
            "Port Security must be enabled in order to have allowed address pairs on a port.",
        )


def _check_pairs(pairs: list[Body]) -> None:
    seen = set()
    for pair in pairs:
        if "ip_address" not in pair:
            text = "AllowedAddressPair must contain ip_address"
            raise web.Refused(400, text, "AllowedAddressPairsMissingIP")
        address, mac = pair["ip_address"], pair.get("mac_address")
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise web.Refused(400, f"'{address}' is not a valid IP address") from None
        if (address, mac) in seen:
            text = (
                f"Request contains duplicate address pair: mac_address {mac} ip_address {address}."
            )
            raise web.Refused(400, text, "DuplicateAddressPairInRequest")
        seen.add((address, mac))


def _pairs(wanted: list[Body], mac: str) -> list[Body]:
    """Address pairs, each with a MAC address: the port's unless it names its own."""
    return [
        {"mac_address": pair.get("mac_address", mac), "ip_address": pair["ip_address"]}
        for pair in wanted
    ]


def _dhcp_options(wanted: list[Body]) -> list[Body]:
    return [{"ip_version": 4, **option} for option in wanted]


def _check_mac_free(call: web.Call, on: Body, mac: str) -> None:
    for port in call.rows("network.port").where("network_id", on["id"]):
        if port["mac_address"] == mac:
            raise policy.conflict(
                "MacAddressInUse",
                f"Unable to complete operation for network {on['id']}. The mac address {mac} is "
                "in use.",
            )


def _groups(call: web.Call, wanted: Body, *, has_security: bool) -> list[str]:
    """The groups wanted, else the project's ``default``, which is made if it is not there."""
    if "security_groups" in wanted:
        for key in wanted["security_groups"]:
            policy.find(call, collections.SECURITY_GROUPS, key)
        return list(wanted["security_groups"])
    if not has_security or not wanted["project_id"]:
        return []
    return [shapes.default_security_group(call.cloud, wanted["project_id"])["id"]]


def change(call: web.Call, body: Body, wanted: dict[str, Any]) -> changes.Apply:
    """Any field; a host binds the port, which is active then, and no host unbinds it."""
    _check_changed_security(body, wanted)
    for key in wanted.get("security_groups") or []:
        policy.find(call, collections.SECURITY_GROUPS, key)
    on = call.rows("network.network").get(body["network_id"])
    assert on is not None
    if wanted.get("mac_address", body["mac_address"]) != body["mac_address"]:
        _check_mac_free(call, on, wanted["mac_address"])
    if "allowed_address_pairs" in wanted:
        pairs = _pairs(wanted["allowed_address_pairs"], body["mac_address"])
        wanted = {**wanted, "allowed_address_pairs": pairs}
    if "fixed_ips" in wanted:
        mac = wanted.get("mac_address", body["mac_address"])
        found = _fixed_ips(call, on, mac, {**body, **wanted}, mine=body)
        assigned = shapes.dns_assignment(found)
        wanted = {**wanted, "fixed_ips": found, "dns_assignment": assigned}
    host = wanted.pop("binding:host_id", body["binding:host_id"]) or ""

    def apply() -> None:
        changes.plain(body, wanted)()
        if host != body["binding:host_id"]:
            bind(call.cloud, body, host)

    return apply


def _check_changed_security(body: Body, wanted: dict[str, Any]) -> None:
    secure = wanted.get("port_security_enabled", body["port_security_enabled"])
    keeps_groups = bool(body["security_groups"]) and "security_groups" not in wanted
    if not secure and keeps_groups and "port_security_enabled" in wanted:
        raise policy.conflict(
            "PortSecurityPortHasSecurityGroup",
            "Port has security group associated. Cannot disable port security or IP address "
            "until security group is removed.",
        )
    _check_security(wanted, has_security=secure)


def bind(cloud: cloud_module.Cloud, body: Body, host: str) -> None:
    """The port is bound on the host and active, or unbound and down for no host.

    The revision rises by one for each of Neutron's own steps (seen on a real Neutron 29).
    """
    if host:
        body.update(status="ACTIVE", **shapes.bound(host))
        body["revision_number"] += 2
    else:
        kept = {key: body[key] for key in ("binding:vnic_type", "binding:profile")}
        body.update({"status": "DOWN", **shapes.unbound(), **kept})
    shapes.touch(cloud, body)


def check_removal(call: web.Call, body: Body) -> None:
    """What a router, floating IP or trunk has is not deleted directly; a server's by the admin."""
    owner = body["device_owner"]
    if not call.token.is_admin and owner.startswith(SERVERS):
        raise policy.forbidden("delete_port")
    _check_trunks(call, body)
    if owner not in ROUTER_OWNED:
        return
    device = "network.floating_ip" if owner == shapes.FLOATING_IP else "network.router"
    if call.rows(device).get(body["device_id"]) is not None:
        raise policy.conflict(
            "ServicePortInUse",
            f"Port {body['id']} cannot be deleted directly via the port API: has device owner "
            f"{owner}.",
        )


def _check_trunks(call: web.Call, body: Body) -> None:
    for trunk in call.rows("network.trunk"):
        where = f"for trunk {trunk['id']}."
        if trunk["port_id"] == body["id"]:
            text = f"Port {body['id']} is currently a parent port {where}"
            raise policy.conflict("PortInUseAsTrunkParent", text)
        if any(one["port_id"] == body["id"] for one in trunk["sub_ports"]):
            text = f"Port {body['id']} is currently a subport {where}"
            raise policy.conflict("PortInUseAsSubPort", text)


def remove(cloud: cloud_module.Cloud, body: Body) -> None:
    """Floating IPs that led to the port lead nowhere."""
    for floating_ip in list(cloud["network.floating_ip"].where("port_id", body["id"])):
        shapes.disconnect(cloud, floating_ip)
    cloud.made_by_nova.discard(body["id"])
    cloud["network.port"].remove(body["id"])


def attached(port: Body) -> web.Refused:
    """The 409 for a port that a device has."""
    return policy.conflict(
        "PortInUse",
        f"Unable to complete operation on port {port['id']} for network {port['network_id']}. "
        f"Port already has an attached device {port['device_id']}.",
    )
