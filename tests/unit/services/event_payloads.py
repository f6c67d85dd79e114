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
"""Makes a payload of any shape that a handler's table names, with every id the same."""

import datetime
from typing import Any

import msgspec

#: The id of everything that these payloads tell of.
ID = "7"
DATE = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC).isoformat()
#: Texts that decide what a message means, by the name of the field.
_TEXTS = {
    "binary": "nova-compute",
    "deleted_at": DATE,
    "launched_at": DATE,
    "object_type": "network",
    "outcome": "success",
    "state": "deleted",
}
#: Who has a role, and where, besides a user and a project.
_EMPTY = ("domain", "group")
_SCALARS: dict[type[msgspec.inspect.Type], Any] = {
    msgspec.inspect.BoolType: True,
    msgspec.inspect.DateTimeType: DATE,
    msgspec.inspect.IntType: int(ID),
}


def make(shape: Any) -> Any:
    """Return a payload that parses as ``shape`` and has all that can be in it."""
    return _make(msgspec.inspect.type_info(shape), "")


def _make(info: msgspec.inspect.Type, name: str) -> Any:
    match info:
        case msgspec.inspect.StructType(fields=fields):
            return {one.encode_name: _make(one.type, one.encode_name) for one in fields}
        case msgspec.inspect.UnionType(types=types):
            wanted = (one for one in types if not isinstance(one, msgspec.inspect.NoneType))
            return None if name in _EMPTY else _make(next(wanted), name)
        case msgspec.inspect.ListType(item_type=item):
            return [_make(item, name)]
        case msgspec.inspect.StrType():
            return _TEXTS.get(name, ID)
    # What can be anything says why something failed, which it did not.
    return _SCALARS.get(type(info))
