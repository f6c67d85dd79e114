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
"""The metadata of volumes and snapshots, which have the same calls for it.

Source: API reference, Block Storage v3, "Volumes" and "Volume snapshots"; messages seen on a
real Cinder 29.
"""

from tests.emulator import web
from tests.emulator.services.block_storage import api
from tests.emulator.services.block_storage import schema
from tests.emulator.shapes import block_storage as shapes

Body = shapes.Body


def routes(kind: str, noun: str, plural: str) -> tuple[web.Route, ...]:
    """The routes below ``/<plural>/<id>/metadata``."""
    find = _Finder(kind, noun)

    def show(call: web.Call) -> web.Answer:
        return web.Answer(200, {"metadata": find(call)["metadata"]})

    def add(call: web.Call) -> web.Answer:
        row = find.writable(call, "create")
        given = schema.read(call, "metadata", {}, is_open=True)
        return _store(call, row, {**row["metadata"], **_checked(given)})

    def replace(call: web.Call) -> web.Answer:
        row = find.writable(call, "update")
        return _store(call, row, _checked(schema.read(call, "metadata", {}, is_open=True)))

    def show_one(call: web.Call) -> web.Answer:
        row, key = find.item(call, find(call))
        return web.Answer(200, {"meta": {key: row["metadata"][key]}})

    def set_one(call: web.Call) -> web.Answer:
        row = find.writable(call, "update")
        given = _checked(schema.read(call, "meta", {}, is_open=True))
        if list(given) != [call.args["key"]]:
            raise web.Refused(400, "Request body and URI mismatch")
        _store(call, row, {**row["metadata"], **given})
        return web.Answer(200, {"meta": given})

    def delete_one(call: web.Call) -> web.Answer:
        row, key = find.item(call, find.writable(call, "delete"))
        _store(call, row, {k: v for k, v in row["metadata"].items() if k != key})
        return web.Answer(200)

    path = f"/{plural}/<id>/metadata"
    return (
        api.route("GET", path, show),
        api.route("POST", path, add),
        api.route("PUT", path, replace),
        api.route("GET", f"{path}/<key>", show_one),
        api.route("PUT", f"{path}/<key>", set_one),
        api.route("DELETE", f"{path}/<key>", delete_one),
    )


class _Finder:
    """Finds the row of a kind whose metadata is asked for."""

    def __init__(self, kind: str, noun: str) -> None:
        self._kind = kind
        self._noun = noun

    def __call__(self, call: web.Call) -> Body:
        return api.find(call, self._kind)

    def writable(self, call: web.Call, verb: str) -> Body:
        """The row, for who may change it."""
        row = self(call)
        verb = "update" if self._noun == "snapshot" and verb == "create" else verb
        api.require_member(call, f"volume:{verb}_{self._noun}_metadata")
        return row

    def item(self, call: web.Call, row: Body) -> tuple[Body, str]:
        """The row and the key that the path names; 404 if it has no such item."""
        key = call.args["key"]
        if key not in row["metadata"]:
            text = f"{self._noun.title()} {row['id']} has no metadata with key {key}."
            raise web.Refused(404, text)
        return row, key


def _checked(given: Body) -> dict[str, str]:
    wrong = schema.metadata()("metadata", given)
    if wrong:
        raise schema.refused("metadata", given, wrong)
    return given


def _store(call: web.Call, row: Body, given: dict[str, str]) -> web.Answer:
    row["metadata"] = given
    shapes.touch(call.cloud, row)
    return web.Answer(200, {"metadata": given})
