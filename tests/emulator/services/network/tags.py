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
"""Tags of resources (API reference, "Standard attributes tag extension").

Seen on a real Neutron 29: what is not there is 500, what is another's 403 although its GET is
404, and each change is a new revision.
"""

from collections.abc import Iterator

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy
from tests.emulator.services.network import wishes
from tests.emulator.shapes import network as shapes

Body = cloud_module.Body
Collection = collections.Collection

WORD = fields.text()


def _find(call: web.Call, collection: Collection, action: str) -> Body:
    body = call.rows(collection.kind).get(call.args["id"])
    if body is None:
        text = "Request Failed: internal server error while processing your request."
        raise web.Refused(500, text)
    reads = action == "get" and policy.is_visible(call, collection, body)
    if not reads and not policy.owns(call, body["project_id"]):
        raise policy.forbidden(f"{action}_{collection.singular}:tags")
    return body


def _check_word(tag: object) -> None:
    reason = WORD(tag)
    if reason is not None:
        raise fields.invalid(reason)


def _wanted(call: web.Call) -> list[str]:
    body = wishes.read(call)
    if "tags" not in body:
        raise fields.invalid("Invalid tags body")
    if not isinstance(body["tags"], list):
        raise fields.invalid(f"'{body['tags']}' is not a list")
    for tag in body["tags"]:
        _check_word(tag)
    return body["tags"]


def _set(call: web.Call, body: Body, tags: list[str]) -> None:
    body["tags"] = sorted(set(tags))
    if "revision_number" in body:
        shapes.touch(call.cloud, body)


def _missing(tag: str) -> web.Refused:
    return web.Refused(404, f"Tag {tag} could not be found.", "TagNotFound")


def _show_all(call: web.Call, collection: Collection) -> web.Answer:
    return web.Answer(200, {"tags": _find(call, collection, "get")["tags"]})


def _replace_all(call: web.Call, collection: Collection) -> web.Answer:
    wanted = _wanted(call)
    _set(call, _find(call, collection, "update"), wanted)
    return web.Answer(200, {"tags": wanted})


def _add_some(call: web.Call, collection: Collection) -> web.Answer:
    wanted = _wanted(call)
    body = _find(call, collection, "create")
    _set(call, body, [*body["tags"], *wanted])
    return web.Answer(200, {"tags": wanted})


def _remove_all(call: web.Call, collection: Collection) -> web.Answer:
    _set(call, _find(call, collection, "delete"), [])
    return web.Answer(204)


def _show(call: web.Call, collection: Collection) -> web.Answer:
    if call.args["tag"] not in _find(call, collection, "get")["tags"]:
        raise _missing(call.args["tag"])
    return web.Answer(204)


def _add(call: web.Call, collection: Collection) -> web.Answer:
    """201 with the body ``null``, also for one that was there."""
    _check_word(call.args["tag"])
    body = _find(call, collection, "update")
    if call.args["tag"] not in body["tags"]:
        _set(call, body, [*body["tags"], call.args["tag"]])
    return web.Answer(201, "null")


def _remove(call: web.Call, collection: Collection) -> web.Answer:
    body = _find(call, collection, "delete")
    if call.args["tag"] not in body["tags"]:
        raise _missing(call.args["tag"])
    _set(call, body, [tag for tag in body["tags"] if tag != call.args["tag"]])
    return web.Answer(204)


ALL = {"GET": _show_all, "PUT": _replace_all, "POST": _add_some, "DELETE": _remove_all}
ONE = {"GET": _show, "PUT": _add, "DELETE": _remove}


def routes(collection: Collection) -> Iterator[web.Route]:
    """The routes below one resource of the collection."""
    path = f"/v2.0/{collection.path}/<id>/tags"
    for below, handlers in (("", ALL), ("/<tag>", ONE)):
        for method, handler in handlers.items():

            def handle(call: web.Call, handler=handler) -> web.Answer:  # type: ignore[no-untyped-def]
                return handler(call, collection)

            yield web.Route(method, path + below, handle)
