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

"""Renders one template in a sandbox, within limits; a process of its own, not a module to import.

It reads a request from stdin and writes an answer to stdout, both JSON; see
:mod:`cleanupd.rally_jobs.rendering`.  A template that gets out of Jinja's
sandbox would find a process that may open no file and write none, and that
the kernel ends soon.
"""

from collections.abc import Sequence
import contextlib
import json
import math
import re
import resource
import sys
from typing import Any
from typing import NoReturn

import jinja2
from jinja2 import exceptions
from jinja2 import ext
from jinja2 import lexer
from jinja2 import meta
from jinja2 import sandbox

#: Around the number of a line, before the text that came from it; private to us in Unicode.
_OPEN, _CLOSE = "\uf8d0", "\uf8d1"
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


class _Environment(sandbox.ImmutableSandboxedEnvironment):
    def unsafe_undefined(self, obj: Any, attribute: str) -> NoReturn:
        # Jinja's own gives a value that complains when it is used, and prints as nothing.
        raise exceptions.SecurityError(f"{attribute!r} of {type(obj).__name__!r} is forbidden")


class _Marking(ext.Extension):
    """Puts before every line of plain text the number that it has in the template."""

    def filter_stream(self, stream: lexer.TokenStream) -> Any:
        for token in stream:
            if token.type == "data" and stream.name is None:
                yield lexer.Token(token.lineno, token.type, _marked(token.value, token.lineno))
            else:
                yield token


def _marked(text: str, first: int) -> str:
    lines = text.split("\n")
    return "\n".join(f"{_OPEN}{first + i}{_CLOSE}{line}" for i, line in enumerate(lines))


class _TooMuch(Exception):
    """More text than is allowed was rendered."""


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    limits = request["limits"]
    environments = [_environment(request, extensions) for extensions in ([], [_Marking])]
    _warm_up(environments[1])
    for what, limit in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(what, (limit, limit))
    try:
        answer = _render(environments, request["text"], limits)
    except Exception as error:  # noqa: BLE001 - a boundary: the answer says what is wrong
        answer = _failure(error)
    json.dump(answer, sys.stdout)


def _warm_up(environment: jinja2.Environment) -> None:
    """Have Python and Jinja load what they load late, while files may still be opened."""
    late = '{{ 1 | pprint }}{{ "a" | striptags | wordwrap }}{{ lipsum(1) }}'
    environment.from_string(late).render()
    with contextlib.suppress(jinja2.TemplateError):
        environment.from_string('{{ "\\t\\u00e9" ~ missing.attribute }}').render()


def _environment(
    request: dict[str, Any], extensions: Sequence[type[ext.Extension]]
) -> jinja2.Environment:
    loader = jinja2.DictLoader(request["texts"])
    environment = _Environment(loader=loader, extensions=extensions)
    # The functions that Rally 5.1.1 gives (`rally/api.py`).
    environment.globals.update(min=min, max=max, ceil=math.ceil, round=round)
    return environment


def _render(
    environments: list[jinja2.Environment], text: str, limits: dict[str, int]
) -> dict[str, Any]:
    plain, marking = environments
    limit = limits["text"]
    wanted = meta.find_undeclared_variables(plain.parse(text))
    if len(wanted) > limits["names"]:
        raise _TooMuch(f"it has more than {limits['names']} variables")
    rendered = _bounded(plain, text, limit)
    answer: dict[str, Any] = {"text": rendered, "wanted": sorted(wanted - set(plain.globals))}
    if _OPEN in text or _CLOSE in text:
        return answer
    marked = _bounded(marking, text, 4 * limit)
    if _MARK.sub("", marked) == rendered:
        answer["lines"] = _origins(marked)
    return answer


def _bounded(environment: jinja2.Environment, text: str, limit: int) -> str:
    parts: list[str] = []
    room = limit
    for part in environment.from_string(text).generate():
        room -= len(part)
        if room < 0:
            raise _TooMuch(f"it renders to more than {limit} characters")
        parts.append(part)
    return "".join(parts)


def _origins(marked: str) -> list[int]:
    """Return the template's line of each rendered line; that of the one before where none is."""
    origins: list[int] = []
    last = 1
    for line in marked.split("\n"):
        numbers: list[str] = _MARK.findall(line)
        # Text before the first mark ends what began on the line before.
        last = int(numbers[-1]) if numbers and not line.partition(_OPEN)[0].strip() else last
        origins.append(last)
    return origins


def _failure(error: Exception) -> dict[str, Any]:
    match error:
        case _TooMuch() | MemoryError() | RecursionError() | OverflowError():
            kind = "runaway"
        case exceptions.SecurityError():
            kind = "forbidden"
        case _:
            kind = "syntax"
    message = f"{error}"[:500] or type(error).__name__
    if isinstance(error, jinja2.TemplateNotFound):
        message = f"there is no file {message!r} to include"
    return {
        "error": kind,
        "message": message,
        "line": getattr(error, "lineno", None) or _line_of(error),
    }


def _line_of(error: Exception) -> int:
    """Return the template's line in which an error arose: Jinja rewrites its tracebacks."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<template>", "<unknown>"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()
