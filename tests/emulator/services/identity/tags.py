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
"""The tags of projects, and projects by their tags.

Source: API reference, Identity v3, "Project tags"; statuses seen on a real Keystone 30.
"""

import re

from tests.emulator import cloud as cloud_module
from tests.emulator import web

Body = cloud_module.Body

PATTERN = "^[^,/]*$"
FILTERS = {
    "tags": lambda mine, asked: asked <= mine,
    "tags-any": lambda mine, asked: bool(asked & mine),
    "not-tags": lambda mine, asked: not asked <= mine,
    "not-tags-any": lambda mine, asked: not asked & mine,
}


def fit(call: web.Call, row: Body) -> bool:
    """Whether the project has, or has not, the tags that the query asks for."""
    mine = set(row["tags"])
    return all(
        fits(mine, set(call.query[name].split(",")))
        for name, fits in FILTERS.items()
        if name in call.query
    )


def check_one(tag: str) -> None:
    """400 for one that is too long or has what separates tags and paths."""
    if reason := _wrong(tag):
        raise web.Refused(400, reason)


def _wrong(tag: str) -> str:
    if len(tag) > 255:
        return f"{tag!r} is too long"
    return "" if re.fullmatch(PATTERN, tag) else f"{tag!r} does not match {PATTERN!r}"


def check(tags: list[str]) -> None:
    """400 for one that is there twice, or is none."""
    for place, tag in enumerate(tags):
        if reason := _wrong(tag):
            message = f"Invalid input for field/attribute {place}. Value: {tag}. {reason}"
            raise web.Refused(400, message)
    if len(set(tags)) != len(tags):
        message = f"Invalid input for field/attribute tags. Value: {tags}."
        raise web.Refused(400, f"{message} {tags} has non-unique elements")
