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
"""What a POST or PUT asks for: found in the body, checked, completed with defaults.

Order of the checks and their words: a real Neutron 29. A body that is wrong is 400 before
anything is looked for, so a PUT of a read-only field of a resource that is not there is 400.
"""

import json
from typing import Any

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy

Body = cloud_module.Body
Collection = collections.Collection


def read(call: web.Call) -> dict[str, Any]:
    """The request's JSON object; an empty one if there is no body."""
    data = call.request.get_data()
    if not data:
        return {}
    try:
        body = json.loads(data)
    except ValueError:
        raise web.Refused(400, "Body contains invalid data") from None
    if not isinstance(body, dict):
        raise web.Refused(400, "Body contains invalid data")
    return body


def _object(body: dict[str, Any], collection: Collection) -> dict[str, Any]:
    if collection.singular not in body:
        text = f"Unable to find '{collection.singular}' in request body"
        raise web.Refused(400, text)
    return _is_object(body[collection.singular], collection)


def _is_object(wanted: Any, collection: Collection) -> dict[str, Any]:
    if not isinstance(wanted, dict):
        raise web.Refused(400, f"Object '{collection.singular}' contains invalid data")
    return wanted


def to_create(call: web.Call, collection: Collection) -> list[Body]:
    """What a POST wants made, complete and checked: one, or all of a bulk."""
    body = read(call)
    if collection.key not in body:
        return [_complete(call, collection, _object(body, collection))]
    if not collection.is_bulk:
        raise web.Refused(400, "Bulk operation not supported")
    if not isinstance(body[collection.key], list) or not body[collection.key]:
        raise web.Refused(400, "Resources required")
    wanted = [_is_object(one, collection) for one in body[collection.key]]
    return [_complete(call, collection, one) for one in wanted]


def is_bulk(call: web.Call, collection: Collection) -> bool:
    """Whether a POST asks for several at once."""
    return collection.key in read(call)


def _complete(call: web.Call, collection: Collection, wanted: dict[str, Any]) -> Body:
    wanted = {**wanted, **_project(call, wanted)}
    _refuse_unknown(collection, wanted)
    for name in wanted:
        if "p" not in collection.fields[name].uses:
            raise web.Refused(400, f"Attribute '{name}' not allowed in POST")
    complete = {}
    for name, field in collection.fields.items():
        if "p" not in field.uses:
            continue
        if name not in wanted and field.default is fields.REQUIRED:
            text = f"Failed to parse request. Required attribute '{name}' not specified"
            raise web.Refused(400, text)
        given = wanted.get(name, field.default)
        if given is not fields.UNSET:
            complete[name] = given if name not in wanted else field.value(name, given)
    said = {name for name in wanted if complete[name] != collection.fields[name].default}
    if not policy.owns(call, complete["project_id"]):
        raise policy.forbidden(f"create_{collection.singular}")
    policy.require_fields(call, collection, said, "create", complete)
    return complete


def _project(call: web.Call, wanted: dict[str, Any]) -> Body:
    """The project, under both of its names: the caller's unless the administrator names one."""
    named = {wanted[key] for key in ("project_id", "tenant_id") if key in wanted}
    if len(named) > 1:
        raise web.Refused(400, "'project_id' and 'tenant_id' do not match")
    project_id = named.pop() if named else call.token.project_id
    if project_id != call.token.project_id and not call.token.is_admin:
        text = (
            "Specifying 'project_id' other than the authenticated project in request is not "
            "allowed for the current user."
        )
        raise web.Refused(400, text)
    return {"project_id": project_id, "tenant_id": project_id}


def to_change(call: web.Call, collection: Collection) -> Body:
    """What a PUT wants changed, checked as far as that goes without the resource."""
    wanted = _object(read(call), collection)
    if wanted.keys() & {"project_id", "tenant_id"}:
        _project(call, wanted)
    _refuse_unknown(collection, wanted)
    for name in wanted:
        if "u" not in collection.fields[name].uses:
            raise web.Refused(400, f"Cannot update read-only attribute {name}")
    return {name: collection.fields[name].value(name, given) for name, given in wanted.items()}


def _refuse_unknown(collection: Collection, wanted: dict[str, Any]) -> None:
    unknown = [name for name in wanted if name not in collection.fields]
    if unknown:
        raise web.Refused(400, f"Unrecognized attribute(s) '{', '.join(unknown)}'")
