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

"""Values against JSON schemas, told in words and by place."""

from collections.abc import Iterator
import enum
import re
from typing import Any

import jsonschema
from jsonschema import exceptions
from jsonschema import validators

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import table

_LONGEST = 300


class Kind(enum.Enum):
    """In which of three ways a value breaks a schema."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    WRONG = "wrong"


Breach = tuple[Kind, findings.Place, str]


def find_breaches(schema: dict[str, Any], value: Any, at: findings.Place) -> Iterator[Breach]:
    """Yield how a value, which stands at a place, breaks a schema of Rally's."""
    validator = validators.validator_for(schema, default=jsonschema.Draft7Validator)(schema)
    for error in validator.iter_errors(_as_json(value)):
        # Of several schemas that a value may have, the one that it comes nearest to.
        nearest = exceptions.best_match([error]) or error
        yield from _describe(nearest, (*at, *error.absolute_path), (*at, *nearest.absolute_path))


def _as_json(value: Any) -> Any:
    """Return a value whose keys are texts: YAML knows others, JSON schemas don't."""
    if isinstance(value, dict):
        return {str(key): _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value


def _describe(
    error: exceptions.ValidationError, outer: findings.Place, at: findings.Place
) -> Iterator[Breach]:
    schema: Any = error.schema
    value: Any = error.instance
    if error.validator == "required":
        wanted: Any = error.validator_value
        for key in wanted:
            if key not in value:
                yield Kind.MISSING, at, f"{_name(at)} has no {key!r}"
    elif error.validator == "additionalProperties":
        known = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for key in value:
            if key not in known and not any(re.search(p, str(key)) for p in patterns):
                near = table.suggest(str(key), known)
                may = f"; did you mean {findings.listed(near)}?" if near else ""
                yield Kind.UNKNOWN, (*at, key), f"{_name(at)} has an unknown key {key!r}{may}"
    else:
        yield Kind.WRONG, at if len(at) >= len(outer) else outer, _shorten(at, error)


def _shorten(at: findings.Place, error: exceptions.ValidationError) -> str:
    message = " ".join(error.message.split())
    message = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."
    return f"{_name(at)}: {message}"


def _name(at: findings.Place) -> str:
    """Return the last name in a place, which says best what is meant: ``subtasks``, a subtask."""
    if not at:
        return "the task"
    last = at[-1]
    if isinstance(last, int) and len(at) > 1:
        return f"a {str(at[-2]).removesuffix('s')}"
    return str(last)
