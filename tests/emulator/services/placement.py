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
"""Placement: only what discovery asks, as nothing of a benchmark is kept there by itself."""

from tests.emulator import web


def versions(_call: web.Call) -> web.Answer:
    """GET /: the versions, whose link is empty (seen on a real Placement 16)."""
    version = {
        "id": "v1.0",
        "max_version": "1.39",
        "min_version": "1.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return web.Answer(200, {"versions": [version]})


SERVICE = web.Service(
    type="placement",
    name="placement",
    prefix="/placement",
    endpoint="",
    routes=(web.Route("GET", "/", versions, public=True),),
    shape=web.nova_shape,
)
