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
"""What Glance tells of its formats, and what it accepts: the schemas of images and members.

Source: API reference, Image v2, "Image schemas"; the texts are those of a real Glance 33, which
clients fetch to know which properties an image has.
"""

import re
from typing import Any

from tests.emulator import web

VISIBILITIES = ("community", "public", "private", "shared")
IMPORT_METHODS = ("glance-direct", "web-download", "copy-image")
UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
FORMATS = {
    "disk_format": (
        *("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"),
    ),
    "container_format": ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"),
}
READ_ONLY = {
    *("status", "checksum", "os_hash_algo", "os_hash_value", "size", "virtual_size"),
    *("created_at", "updated_at", "direct_url", "self", "file", "stores", "schema"),
}
BASE = {
    *("id", "name", "visibility", "protected", "os_hidden", "owner", "container_format"),
    *("disk_format", "tags", "min_ram", "min_disk"),
    *READ_ONLY,
}

TEXT = ["null", "string"]
PROPERTIES: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "description": "An identifier for the image", "pattern": UUID},
    "name": {
        "type": TEXT,
        "description": "Descriptive name for the image",
        "maxLength": 255,
    },
    "status": {
        "type": "string",
        "readOnly": True,
        "description": "Status of the image",
        "enum": [
            *("queued", "saving", "active", "killed", "deleted", "uploading", "importing"),
            *("pending_delete", "deactivated"),
        ],
    },
    "visibility": {
        "type": "string",
        "description": "Scope of image accessibility",
        "enum": list(VISIBILITIES),
    },
    "protected": {"type": "boolean", "description": "If true, image will not be deletable."},
    "os_hidden": {
        "type": "boolean",
        "description": "If true, image will not appear in default image list response.",
    },
    "checksum": {
        "type": TEXT,
        "readOnly": True,
        "description": "md5 hash of image contents.",
        "maxLength": 32,
    },
    "os_hash_algo": {
        "type": TEXT,
        "readOnly": True,
        "description": "Algorithm to calculate the os_hash_value",
        "maxLength": 64,
    },
    "os_hash_value": {
        "type": TEXT,
        "readOnly": True,
        "description": (
            "Hexdigest of the image contents using the algorithm specified by the os_hash_algo"
        ),
        "maxLength": 128,
    },
    "owner": {"type": TEXT, "description": "Owner of the image", "maxLength": 255},
    "size": {
        "type": ["null", "integer"],
        "readOnly": True,
        "description": "Size of image file in bytes",
    },
    "virtual_size": {
        "type": ["null", "integer"],
        "readOnly": True,
        "description": "Virtual size of image in bytes",
    },
    "container_format": {
        "type": TEXT,
        "description": "Format of the container",
        "enum": [None, *FORMATS["container_format"]],
    },
    "disk_format": {
        "type": TEXT,
        "description": "Format of the disk",
        "enum": [None, *FORMATS["disk_format"]],
    },
    "created_at": {
        "type": "string",
        "readOnly": True,
        "description": "Date and time of image registration",
    },
    "updated_at": {
        "type": "string",
        "readOnly": True,
        "description": "Date and time of the last image modification",
    },
    "tags": {
        "type": "array",
        "description": "List of strings related to the image",
        "items": {"type": "string", "maxLength": 255},
    },
    "direct_url": {
        "type": "string",
        "readOnly": True,
        "description": "URL to access the image file kept in external store",
    },
    "min_ram": {
        "type": "integer",
        "description": "Amount of ram (in MB) required to boot image.",
    },
    "min_disk": {
        "type": "integer",
        "description": "Amount of disk space (in GB) required to boot image.",
    },
    "self": {"type": "string", "readOnly": True, "description": "An image self url"},
    "file": {"type": "string", "readOnly": True, "description": "An image file url"},
    "stores": {
        "type": "string",
        "readOnly": True,
        "description": "Store in which image data resides.",
    },
    "schema": {"type": "string", "readOnly": True, "description": "An image schema url"},
    "locations": {
        "type": "array",
        "items": {"type": "object"},
        "description": "A set of URLs to access the image file kept in external store",
    },
}
MEMBER = {
    "member_id": {
        "type": "string",
        "description": "An identifier for the image member (tenantId)",
    },
    "image_id": {"type": "string", "description": "An identifier for the image", "pattern": UUID},
    "created_at": {"type": "string", "description": "Date and time of image member creation"},
    "updated_at": {
        "type": "string",
        "description": "Date and time of last modification of image member",
    },
    "status": {
        "type": "string",
        "description": "The status of this image member",
        "enum": ["pending", "accepted", "rejected"],
    },
    "schema": {"readOnly": True, "type": "string"},
}
DESCRIBED = {"rel": "describedby", "href": "{schema}"}
IMAGE_SCHEMA: dict[str, Any] = {
    "name": "image",
    "properties": PROPERTIES,
    "additionalProperties": {"type": "string"},
    "links": [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        DESCRIBED,
    ],
}
MEMBER_SCHEMA: dict[str, Any] = {"name": "member", "properties": MEMBER}
SCHEMAS: dict[str, dict[str, Any]] = {
    "image": IMAGE_SCHEMA,
    "images": {
        "name": "images",
        "properties": {
            "images": {"type": "array", "items": IMAGE_SCHEMA},
            **{name: {"type": "string"} for name in ("first", "next", "schema")},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            DESCRIBED,
        ],
    },
    "member": MEMBER_SCHEMA,
    "members": {
        "name": "members",
        "properties": {
            "members": {"type": "array", "items": MEMBER_SCHEMA},
            "schema": {"type": "string"},
        },
        "links": [DESCRIBED],
    },
}

TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int, "array": list}


def check(asked: dict[str, Any]) -> None:
    """400 unless each property is what its schema says; one that it does not know is a string."""
    for name, value in asked.items():
        about = PROPERTIES.get(name, {"type": "string"})
        wrong = _wrong(about, value)
        if wrong:
            text = f"Provided object does not match schema 'image': {wrong}"
            raise web.Refused(400, f"{text}\n\nFailed validating in schema, on instance['{name}']")
        if name in {"min_disk", "min_ram"} and value < 0:
            text = f"Invalid value '{value}' for parameter '{name}': Cannot be a negative value"
            raise web.Refused(400, text)


def _wrong(about: dict[str, Any], value: Any) -> str:
    """What is wrong with the value, in jsonschema's words; empty if nothing is."""
    types = about["type"] if isinstance(about["type"], list) else [about["type"]]
    if value is None and "null" in types:
        return ""
    known = tuple(TYPES[name] for name in types if name in TYPES)
    if not isinstance(value, known) or (isinstance(value, bool) and bool not in known):
        return f"{value!r} is not of type {', '.join(map(repr, types))}"
    if isinstance(value, list):
        return next(filter(None, (_wrong(about["items"], item) for item in value)), "")
    return _wrong_word(about, value)


def _wrong_word(about: dict[str, Any], value: Any) -> str:
    if "enum" in about and value not in about["enum"]:
        return f"{value!r} is not one of {about['enum']}"
    if "pattern" in about and not re.match(about["pattern"], value):
        return f"{value!r} does not match {about['pattern']!r}"
    if isinstance(value, str) and len(value) > about.get("maxLength", 2**16):
        return f"{value!r} is too long"
    return ""


def show(call: web.Call) -> web.Answer:
    """GET a schema."""
    found = SCHEMAS.get(call.args["name"])
    if found is None:
        raise web.Refused(404, "The resource could not be found.")
    return web.Answer(200, found)


ROUTES = (web.Route("GET", "/v2/schemas/<name>", show),)
