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
"""What Nova lets in: bodies and queries are held against small schemas, refused with 400.

A schema is a dict in JSON schema's words, of which only those used here are known. The texts
are the ones that a real Nova 34 answers.
"""

from collections.abc import Callable
from collections.abc import Iterator
import datetime
import ipaddress
import re
from typing import Any
import uuid

from tests.emulator import web

Schema = dict[str, Any]

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}

BOOLEANS = [
    *(True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes"),
    *(False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"),
]


def _is(value: Any, name: str) -> bool:
    is_flag = isinstance(value, bool)
    return isinstance(value, TYPES[name]) and not (is_flag and name in {"integer", "number"})


def _type(value: Any, wanted: Any) -> str | None:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    if any(_is(value, name) for name in names):
        return None
    return f"{value!r} is not of type {', '.join(repr(name) for name in names)}"


def _required(value: Any, wanted: list[str]) -> str | None:
    missing = [key for key in wanted if key not in value]
    return f"{missing[0]!r} is a required property" if missing else None


def _enum(value: Any, wanted: list[Any]) -> str | None:
    known = any(
        value == one and isinstance(value, bool) == isinstance(one, bool) for one in wanted
    )
    return None if known else f"{value!r} is not one of {wanted}"


def _pattern(value: Any, wanted: str) -> str | None:
    if not isinstance(value, str) or re.search(wanted, value):
        return None
    return f"{value!r} does not match {wanted!r}"


def _min_length(value: Any, wanted: int) -> str | None:
    if not isinstance(value, str | list) or len(value) >= wanted:
        return None
    return f"{value!r} {'should be non-empty' if wanted == 1 else 'is too short'}"


def _max_length(value: Any, wanted: int) -> str | None:
    too_long = isinstance(value, str | list) and len(value) > wanted
    return f"{value!r} is too long" if too_long else None


def _minimum(value: Any, wanted: int) -> str | None:
    number = _number(value)
    if number is None or number >= wanted:
        return None
    return f"{value!r} is less than the minimum of {wanted}"


def _maximum(value: Any, wanted: int) -> str | None:
    number = _number(value)
    if number is None or number <= wanted:
        return None
    return f"{value!r} is greater than the maximum of {wanted}"


def _number(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    return value if _is(value, "integer") else None


def _any_of(value: Any, wanted: list[Schema]) -> str | None:
    if any(next(_errors(value, schema, ""), None) is None for schema in wanted):
        return None
    return f"{value!r} is not valid under any of the given schemas"


def _format(value: Any, wanted: str) -> str | None:
    try:
        FORMATS[wanted](value)
    except (ValueError, TypeError, re.error):
        return f"{value!r} is not a {wanted!r}"
    return None


FORMATS: dict[str, Callable[[Any], object]] = {
    "uuid": uuid.UUID,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "date-time": datetime.datetime.fromisoformat,
    "regex": re.compile,
}

RULES: dict[str, Callable[[Any, Any], str | None]] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "pattern": _pattern,
    "minLength": _min_length,
    "maxLength": _max_length,
    "minimum": _minimum,
    "maximum": _maximum,
    "anyOf": _any_of,
    "format": _format,
}


def _errors(value: Any, schema: Schema, name: str) -> Iterator[tuple[str, Any, str]]:
    """Name, value and complaint of each thing that is wrong, the outermost first."""
    for word, wanted in schema.items():
        if word in RULES:
            complaint = RULES[word](value, wanted)
            if complaint is not None:
                yield name, value, complaint
                return
    if isinstance(value, dict):
        yield from _errors_inside(value, schema, name)
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            yield from _errors(one, schema["items"], str(number))


def _errors_inside(
    value: dict[str, Any], schema: Schema, name: str
) -> Iterator[tuple[str, Any, str]]:
    known = schema.get("properties", {})
    others = schema.get("others")
    extra = [key for key in value if key not in known]
    if others is not None:
        wrong = [key for key in extra if not re.search(others["names"], key)]
        if wrong:
            yield (
                name,
                value,
                f"{wrong[0]!r} does not match any of the regexes: {others['names']!r}",
            )
    elif schema.get("closed") and extra:
        listed = ", ".join(map(repr, extra))
        verb = "was" if len(extra) == 1 else "were"
        complaint = f"Additional properties are not allowed ({listed} {verb} unexpected)"
        yield name, value, complaint
    for key, one in value.items():
        inner = known.get(key) or (others or {}).get("values")
        if inner is not None:
            yield from _errors(one, inner, key)


def check(value: Any, schema: Schema, name: str = "") -> Any:
    """The value, which is as the schema says; 400 with the first thing that is not."""
    for at, wrong, complaint in _errors(value, schema, name):
        where = f"Invalid input for field/attribute {at}. Value: {wrong}. " if at else ""
        raise web.Refused(400, f"{where}{complaint}")
    return value


def body(call: web.Call, key: str, schema: Schema) -> Any:
    """What is below the body's one key, as the schema says."""
    outer = {"type": "object", "required": [key], "properties": {key: schema}}
    return check(_json(call), outer)[key]


def _json(call: web.Call) -> dict[str, Any]:
    try:
        return call.body
    except web.Refused:
        raise web.Refused(400, "Malformed request body") from None


def query(call: web.Call, schema: Schema, *, since: web.Version = (2, 75)) -> None:
    """The query is as the schema says; parameters that it lacks are 400 from `since` on."""
    for key in call.query:
        wanted = schema["properties"].get(key)
        if wanted is None:
            if call.microversion >= since:
                raise web.Refused(400, schema.get("unknown", UNKNOWN).format(key=key))
            continue
        for value in call.query.getlist(key):
            for at, wrong, complaint in _errors(value, wanted, key):
                where = f"Invalid input for query parameters {at}. Value: {wrong}. "
                raise web.Refused(400, f"{where}{complaint}")


UNKNOWN = "Additional properties are not allowed ('{key}' was unexpected)"


def words(*names: str, **schemas: Schema) -> Schema:
    """A query's schema: `limit` and `marker`, these names with anything, those with a schema."""
    pages = {"limit": {"pattern": "^[0-9]*$"}, "marker": {}, "offset": {"pattern": "^[0-9]*$"}}
    return {"properties": {**pages, **{name: {} for name in names}, **schemas}}


def closed(*required: str, **properties: Schema) -> Schema:
    """An object that has these properties at most, and the required ones at least."""
    return {
        "type": "object",
        "required": list(required),
        "closed": True,
        "properties": properties,
    }


def integer(low: int, high: int = 0x7FFFFFFF) -> Schema:
    """A number, also as text, in these bounds."""
    pattern = "^-?[0-9]+$" if low < 0 else "^[0-9]+$"
    return {"type": ["integer", "string"], "pattern": pattern, "minimum": low, "maximum": high}


NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
TEXT_OR_NULL: Schema = {"type": ["string", "null"], "maxLength": 255}
UUID: Schema = {"type": "string", "format": "uuid"}
BOOLEAN: Schema = {"type": ["boolean", "string"], "enum": BOOLEANS}
METADATA: Schema = {
    "type": "object",
    "others": {
        "names": "^[a-zA-Z0-9-_:. ]{1,255}$",
        "values": {"type": "string", "maxLength": 255},
    },
}
TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[^,/]*$"}
TAGS: Schema = {"type": "array", "items": TAG, "maxLength": 50}


def is_true(value: object) -> bool:
    """A flag as Nova reads it: absent is false, an empty text in a query is true."""
    if isinstance(value, bool) or value is None:
        return bool(value)
    return str(value).strip().lower() in {"", "1", "t", "true", "on", "y", "yes"}
