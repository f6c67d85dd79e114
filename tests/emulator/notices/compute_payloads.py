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
"""The payloads of Nova's notifications: versioned objects and the flat legacy ones.

Source: notifications of a real Nova 34; tests hold the keys against samples of them.
"""

from typing import Any

from tests.emulator import clock
from tests.emulator import cloud as cloud_module

Cloud = cloud_module.Cloud
Body = cloud_module.Body
Payload = dict[str, Any]

POWER = {0: "pending", 1: "running", 3: "paused", 4: "shutdown", 6: "crashed", 7: "suspended"}
HOST_FIELD = "OS-EXT-SRV-ATTR:{}"


def _object(name: str, version: str, data: Payload) -> Payload:
    """A versioned object as oslo.versionedobjects writes it."""
    return {
        "nova_object.name": name,
        "nova_object.namespace": "nova",
        "nova_object.version": version,
        "nova_object.data": data,
    }


def _time(text: str | None) -> str | None:
    """``2026-11-21T07:49:34Z``, whatever Nova's API writes after the seconds."""
    return None if text is None else f"{text[:19]}Z"


def _attribute(body: Body, name: str) -> Any:
    return body[HOST_FIELD.format(name)]


def flavor(body: Body) -> Payload:
    """A flavor as its own notifications tell it: nothing of its specs."""
    return _flavor(
        {
            "id": body["id"],
            "ram": body["ram"],
            "vcpus": body["vcpus"],
            "disk": body["disk"],
            "ephemeral": body["OS-FLV-EXT-DATA:ephemeral"],
            "original_name": body["name"],
            "swap": body["swap"],
            "extra_specs": body["extra_specs"] or None,
        },
        is_public=body["os-flavor-access:is_public"],
        projects=list(body["_access"]),
        description=body["description"],
    )


def _flavor(embedded: Body, **more: Any) -> Payload:
    data = {
        "flavorid": embedded["id"],
        "memory_mb": embedded["ram"],
        "vcpus": embedded["vcpus"],
        "root_gb": embedded["disk"],
        "ephemeral_gb": embedded["ephemeral"],
        "name": embedded["original_name"],
        "swap": embedded["swap"],
        "rxtx_factor": 1.0,
        "vcpu_weight": 0,
        "disabled": False,
        "is_public": True,
        "extra_specs": embedded["extra_specs"],
        "projects": None,
        "description": None,
    }
    return _object("FlavorPayload", "1.4", {**data, **more})


def keypair(body: Body) -> Payload:
    """A keypair with its public key."""
    keys = ("user_id", "name", "fingerprint", "public_key", "type")
    return _object("KeypairPayload", "1.0", {key: body[key] for key in keys})


def server_group(body: Body) -> Payload:
    """A server group, its policy in the old and the new way."""
    data = {
        "uuid": body["id"],
        "policies": [body["policy"]],
        "hosts": None,
        **{key: body[key] for key in ("name", "user_id", "project_id", "policy")},
        "members": list(body["members"]),
        "rules": {key: str(value) for key, value in body["rules"].items()},
    }
    return _object("ServerGroupPayload", "1.1", data)


def legacy_server_group(body: Body, event: str) -> Payload:
    """What the legacy format tells: of a deleted group only the id."""
    if event == "delete":
        return {"server_group_id": body["id"]}
    keys = ("name", "project_id", "policy", "user_id")
    shown = {key: body[key] for key in keys}
    return {"_rules": dict(body["rules"]), **shown, "server_group_id": body["id"]}


def aggregate(body: Body, *, is_known: bool) -> Payload:
    """An aggregate, which has no number while it is being created."""
    data = {
        "id": body["id"] if is_known else None,
        "uuid": body["uuid"],
        "name": body["name"],
        "hosts": list(body["hosts"]) if is_known else None,
        "metadata": dict(body["metadata"]),
    }
    return _object("AggregatePayload", "1.1", data)


def _server(cloud: Cloud, body: Body) -> Payload:
    """What each versioned notification tells of its server."""
    has_ended = body["OS-EXT-STS:vm_state"] == "deleted"
    return {
        "uuid": body["id"],
        "user_id": body["user_id"],
        "tenant_id": body["tenant_id"],
        "reservation_id": _attribute(body, "reservation_id"),
        "display_name": body["name"],
        "display_description": body["description"],
        "host_name": _attribute(body, "hostname"),
        "host": _attribute(body, "host"),
        "node": _attribute(body, "hypervisor_hostname"),
        "os_type": None,
        "architecture": None,
        "availability_zone": body["OS-EXT-AZ:availability_zone"] or None,
        "flavor": _flavor(body["flavor"]),
        "image_uuid": body["image"]["id"] if body["image"] else "",
        "key_name": body["key_name"],
        "kernel_id": "",
        "ramdisk_id": "",
        "created_at": body["created"],
        "launched_at": _time(body["OS-SRV-USG:launched_at"]),
        "terminated_at": _time(body["OS-SRV-USG:terminated_at"]),
        "deleted_at": _time(body["OS-SRV-USG:terminated_at"]) if has_ended else None,
        "updated_at": body["updated"],
        "state": body["OS-EXT-STS:vm_state"],
        "power_state": POWER[body["OS-EXT-STS:power_state"]],
        "task_state": body["OS-EXT-STS:task_state"],
        "progress": body["progress"],
        "ip_addresses": [_ip(cloud, body, *found) for found in _addresses(body)],
        "block_devices": [
            _device(cloud, body, one) for one in body["os-extended-volumes:volumes_attached"]
        ],
        "metadata": dict(body["metadata"]),
        "locked": body["locked"],
        "auto_disk_config": body["OS-DCF:diskConfig"],
        "request_id": f"req-{body['id']}",
        "action_initiator_user": body["user_id"],
        "action_initiator_project": body["tenant_id"],
        "locked_reason": body["locked_reason"],
        "shares": None,
    }


def _addresses(body: Body) -> list[tuple[str, Body]]:
    """Label and address of each fixed address that the server shows."""
    return [
        (label, one)
        for label, found in body["addresses"].items()
        for one in found
        if one["OS-EXT-IPS:type"] == "fixed"
    ]


def _ip(cloud: Cloud, body: Body, label: str, address: Body) -> Payload:
    mac = address["OS-EXT-IPS-MAC:mac_addr"]
    ports = cloud["network.port"].where("device_id", body["id"])
    port_id = next((port["id"] for port in ports if port["mac_address"] == mac), None)
    data = {
        "label": label,
        "mac": mac,
        "meta": {},
        "port_uuid": port_id,
        "version": address["version"],
        "address": address["addr"],
        "device_name": f"tap{port_id}"[:14],
    }
    return _object("IpPayload", "1.0", data)


def _device(cloud: Cloud, body: Body, entry: Body) -> Payload:
    volume = cloud["block_storage.volume"].get(entry["id"]) or {"attachments": ()}
    uses = [one for one in volume["attachments"] if one["server_id"] == body["id"]]
    data = {
        "device_name": uses[0]["device"] if uses else None,
        "boot_index": 0 if entry["id"] == body.get("_root_volume") else None,
        "delete_on_termination": entry["delete_on_termination"],
        "volume_id": entry["id"],
        "tag": body.get("_volume_tags", {}).get(entry["id"]),
    }
    return _object("BlockDevicePayload", "1.0", data)


def event(cloud: Cloud, body: Body, name: str, version: str, more: Payload) -> Payload:
    """A versioned event of a server: ``fault`` is null where it succeeds."""
    data = {"fault": None, **_server(cloud, body)}
    if name == "InstanceCreatePayload":
        key = (body["user_id"], body["key_name"])
        found = cloud["compute.keypair"].get(key)
        data["keypairs"] = [] if found is None else [keypair(found)]
        data["tags"] = list(body["tags"])
        data["trusted_image_certificates"] = None
        data["instance_name"] = _attribute(body, "instance_name")
    for key, value in more.items():
        data[key] = flavor(value) if key == "new_flavor" else value
    return _object(name, version, data)


def update(
    cloud: Cloud, body: Body, before: tuple[str, str | None], old_name: str | None
) -> Payload:
    """A versioned ``instance.update``: state and task before and now."""
    data = _server(cloud, body)
    state = {
        "old_state": before[0],
        "state": body["OS-EXT-STS:vm_state"],
        "old_task_state": before[1],
        "new_task_state": body["OS-EXT-STS:task_state"],
    }
    begin, now = _audit_period(cloud)
    period = {"audit_period_beginning": _time(begin), "audit_period_ending": _time(now)}
    data["state_update"] = _object("InstanceStateUpdatePayload", "1.0", state)
    data["audit_period"] = _object("AuditPeriodPayload", "1.0", period)
    data["old_display_name"] = old_name
    data["tags"] = list(body["tags"])
    return _object("InstanceUpdatePayload", "2.1", data)


def _audit_period(cloud: Cloud) -> tuple[str, str]:
    """From the beginning of the hour until now."""
    now = clock.microseconds(cloud.clock.now())
    return f"{now[:13]}:00:00.000000", now


def _legacy_server(body: Body) -> Payload:
    """What each legacy notification tells of its server."""
    embedded, image = body["flavor"], body["image"]["id"] if body["image"] else ""
    ended = body["OS-SRV-USG:terminated_at"] or ""
    return {
        "tenant_id": body["tenant_id"],
        "user_id": body["user_id"],
        "instance_id": body["id"],
        "display_name": body["name"],
        "reservation_id": _attribute(body, "reservation_id"),
        "hostname": _attribute(body, "hostname"),
        "instance_type": embedded["original_name"],
        "instance_type_id": 1,
        "instance_flavor_id": embedded["id"],
        "architecture": None,
        "memory_mb": embedded["ram"],
        "disk_gb": embedded["disk"] + embedded["ephemeral"],
        "vcpus": embedded["vcpus"],
        "root_gb": embedded["disk"],
        "ephemeral_gb": embedded["ephemeral"],
        "host": _attribute(body, "host"),
        "node": _attribute(body, "hypervisor_hostname"),
        "availability_zone": body["OS-EXT-AZ:availability_zone"] or None,
        "cell_name": "",
        "created_at": f"{body['created'][:19].replace('T', ' ')}+00:00",
        "terminated_at": ended,
        "deleted_at": ended if body["OS-EXT-STS:vm_state"] == "deleted" else "",
        "launched_at": body["OS-SRV-USG:launched_at"] or "",
        "image_ref_url": f"http://127.0.0.1:9292/images/{image}",
        "os_type": None,
        "kernel_id": "",
        "ramdisk_id": "",
        "state": body["OS-EXT-STS:vm_state"],
        "state_description": body["OS-EXT-STS:task_state"] or "",
        "progress": "",
        "access_ip_v4": body["accessIPv4"] or None,
        "access_ip_v6": body["accessIPv6"] or None,
        "image_meta": {
            "min_ram": "0",
            "min_disk": str(embedded["disk"]),
            "disk_format": "qcow2",
            "container_format": "bare",
            "base_image_ref": image,
        },
        "metadata": dict(body["metadata"]),
    }


def _legacy_ips(body: Body) -> list[Payload]:
    return [
        {
            "address": one["addr"],
            "type": "fixed",
            "version": one["version"],
            "meta": {},
            "floating_ips": [],
            "label": label,
            "vif_mac": one["OS-EXT-IPS-MAC:mac_addr"],
        }
        for label, one in _addresses(body)
    ]


def legacy_event(
    cloud: Cloud, body: Body, event: str, phase: str, more: Payload, *, ips: bool
) -> Payload:
    """A legacy event of a server with what it tells beside it."""
    data = _legacy_server(body)
    if ips or (event, phase) in {("create", "end"), ("resize_confirm", "end")}:
        data["fixed_ips"] = _legacy_ips(body)
    if (event, phase) == ("create", "start"):
        image = cloud["image.image"].get(body["image"]["id"]) if body["image"] else None
        data["image_name"] = image["name"] if image else ""
    if (event, phase) == ("create", "end"):
        data["message"] = "Success"
    if (event, phase) == ("resize_prep", "end"):
        data["new_instance_type"] = more["new_flavor"]["name"]
        data["new_instance_type_id"] = 1
    if "volume_id" in more:
        data["volume_id"] = more["volume_id"]
    return data


def legacy_update(cloud: Cloud, body: Body, before: tuple[str, str | None]) -> Payload:
    """A legacy ``compute.instance.update``."""
    begin, now = _audit_period(cloud)
    return {
        **_legacy_server(body),
        "old_state": before[0],
        "old_task_state": before[1],
        "new_task_state": body["OS-EXT-STS:task_state"],
        "audit_period_beginning": begin,
        "audit_period_ending": now,
    }
