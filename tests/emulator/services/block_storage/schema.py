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
"""What Cinder accepts as input, said in the words of its JSON schemas.

Source: API reference, Block Storage v3; the messages were seen on a real Cinder 29.
"""

from collections.abc import Callable
from collections.abc import Mapping
import re
from typing import Any
import uuid

from tests.emulator import web
from tests.emulator.services.block_storage import api

Check = Callable[[str, Any], str | None]
"""What is wrong with the value of the field that is named; None if nothing is."""

TRUE = (True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t")
FALSE = (False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f")


def anything(name: str, value: Any) -> None:
    """Whatever it is."""


def boolean(name: str, value: Any) -> str | None:
    """A boolean or one of the words for one."""
    known = [*TRUE, *FALSE]
    return None if value in known else f"{value!r} is not one of {known}"


def is_true(value: Any) -> bool:
    """What a checked boolean says."""
    return value in TRUE


def text(name: str, value: Any) -> str | None:
    """Nothing, or a string of at most 255 characters."""
    if value is None or (isinstance(value, str) and len(value) <= 255):
        return None
    if isinstance(value, str):
        raise web.Refused(
            400, f"Invalid input received: {name} has {len(value)} characters, more than 255."
        )
    return f"{value!r} is not of type 'string', 'null'"


def some_text(name: str, value: Any) -> str | None:
    """A string with at least one character."""
    if not isinstance(value, str):
        return f"{value!r} is not of type 'string'"
    return None if value else f"{value!r} should be non-empty"


def identity(name: str, value: Any) -> str | None:
    """A uuid."""
    try:
        uuid.UUID(value)
    except (TypeError, ValueError, AttributeError):
        return f"{value!r} is not a 'uuid'"
    return None


def maybe_identity(name: str, value: Any) -> str | None:
    """A uuid or nothing."""
    if value is None or identity(name, value) is None:
        return None
    return f"{value!r} is not valid under any of the given schemas"


def size(name: str, value: Any) -> str | None:
    """A number of GiB, at least one, perhaps as text."""
    if isinstance(value, str):
        return None if re.fullmatch("[0-9]+", value) else f"{value!r} does not match '^[0-9]+$'"
    if not isinstance(value, int) or isinstance(value, bool):
        return f"{value!r} is not of type 'integer', 'string'"
    return None if value >= 1 else f"{value!r} is less than the minimum of 1"


def maybe_size(name: str, value: Any) -> str | None:
    """As `size`, or nothing."""
    if value is None:
        return None
    wrong = size(name, value)
    return f"{wrong}, 'null'" if wrong and wrong.endswith("'string'") else wrong


def thing(name: str, value: Any) -> str | None:
    """An object."""
    return None if isinstance(value, dict) else f"{value!r} is not of type 'object'"


def one_of(*known: str) -> Check:
    """One of these words."""

    def check(name: str, value: Any) -> str | None:
        return None if value in known else f"{value!r} is not one of {list(known)}"

    return check


def metadata(pattern: str = "[a-zA-Z0-9-_:. /]") -> Check:
    """An object of strings whose keys match the pattern, which is that of one character."""

    def check(name: str, value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"{value!r} is not of type 'object'"
        for key, item in value.items():
            regex = f"^{pattern}{{1,255}}$"
            if not re.fullmatch(f"{pattern}{{1,255}}", key):
                return f"{key!r} does not match any of the regexes: {regex!r}"
            if not isinstance(item, str):
                raise refused(key, item, f"{item!r} is not of type 'string'")
            if len(item) > 255:
                raise refused(key, item, f"{item!r} is too long")
        return None

    return check


def maybe(check: Check) -> Check:
    """As the check says, or nothing."""
    return lambda name, value: None if value is None else check(name, value)


def refused(name: str, value: Any, wrong: str) -> web.Refused:
    """400 for this field."""
    return web.Refused(400, f"Invalid input for field/attribute {name}. Value: {value}. {wrong}")


def read(
    call: web.Call,
    key: str,
    fields: Mapping[str, Check],
    *,
    required: tuple[str, ...] = (),
    is_open: bool = False,
) -> dict[str, Any]:
    """The object below the body's one key, checked; others than `fields` only if it is open."""
    body = api.payload(call)
    if key not in body:
        raise web.Refused(400, f"{key!r} is a required property")
    inner = body[key]
    if not isinstance(inner, dict):
        raise refused(key, inner, f"{inner!r} is not of type 'object'")
    for name in required:
        if name not in inner:
            raise refused(key, inner, f"{name!r} is a required property")
    for name, check in fields.items():
        if name in inner and (wrong := check(name, inner[name])):
            raise refused(name, inner[name], wrong)
    strange = [name for name in inner if name not in fields]
    if strange and not is_open:
        words = ", ".join(map(repr, strange))
        verb = "was" if len(strange) == 1 else "were"
        wrong = f"Additional properties are not allowed ({words} {verb} unexpected)"
        raise refused(key, inner, wrong)
    return dict(inner)


def stripped(value: str | None) -> str | None:
    """A name or description as Cinder keeps it, without the blanks around it."""
    return value.strip() if value else value
