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
"""Microversions: which one a request asks for, and what an answer says of it."""

import re

from tests.emulator import web


def chosen(call: web.Call) -> web.Version:
    """The microversion to answer in: the lowest unless asked; 400 or 406 for a wrong wish."""
    known = call.service.microversions
    if known is None:
        return (0, 0)
    asked = _asked(call, known)
    if asked is None:
        return known.lowest
    if asked == "latest":
        return known.highest
    found = re.fullmatch(r"(\d+)\.(\d+)", asked)
    if found is None:
        message = f"API Version String {asked} is of invalid format."
        raise web.Refused(400, f"{message} Must be of format MajorNum.MinorNum.")
    version = (int(found[1]), int(found[2]))
    if not known.lowest <= version <= known.highest:
        lowest, highest = (".".join(map(str, v)) for v in (known.lowest, known.highest))
        message = f"Version {asked} is not supported by the API."
        raise web.Refused(406, f"{message} Minimum is {lowest} and maximum is {highest}.")
    return version


def _asked(call: web.Call, known: web.Microversions) -> str | None:
    """The microversion that the headers name for this service; None if they name none."""
    for part in call.request.headers.get("OpenStack-API-Version", "").split(","):
        name, _, asked = part.strip().partition(" ")
        if name == known.name:
            return asked.strip()
    return call.request.headers.get(known.legacy_header) if known.legacy_header else None


def headers(call: web.Call) -> dict[str, str]:
    """What an answer in the call's microversion says of it."""
    known = call.service.microversions
    if known is None:
        return {}
    version = ".".join(map(str, call.microversion if any(call.microversion) else known.lowest))
    found = {"OpenStack-API-Version": f"{known.name} {version}", "Vary": "OpenStack-API-Version"}
    if known.legacy_header:
        found[known.legacy_header] = version
        found["Vary"] += f", {known.legacy_header}"
    return found
