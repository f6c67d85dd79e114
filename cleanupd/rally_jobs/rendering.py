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

"""Renders templates of strangers: in a sandbox, in a process with limits.

Rally renders a task with all of Jinja and no limits: whoever lets Rally
validate a file runs what its comments say.  Here the template has Jinja's
sandbox, and its process little memory, little time and no files.
"""

import builtins
from collections.abc import Mapping
import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import msgspec

from cleanupd.rally_jobs import findings

_SCRIPT = pathlib.Path(__file__).with_name("render_script.py")
_TIMEOUT_S = 20
_LIMITS = {"memory": 2**29, "cpu_s": 5, "text": 2**18, "names": 500}

#: What Python has by itself counts as given, since Rally looks up each name there.
_PYTHONS = frozenset(dir(builtins))
_RULES = {"runaway": "jinja-runaway", "forbidden": "jinja-forbidden", "syntax": "jinja-syntax"}


class Rendered(msgspec.Struct, frozen=True):
    """A rendered template; ``text`` is None where there is none.

    ``lines`` has the template's line of each rendered line.  The issues have
    the line as their place.
    """

    text: str | None
    lines: tuple[int, ...]
    issues: tuple[findings.Issue, ...]

    def line(self, rendered: int) -> int:
        """Return the template's line that a rendered one, counted from 1, comes from."""
        if not self.lines:
            return rendered
        return self.lines[min(rendered, len(self.lines)) - 1]


def render(text: str, texts: Mapping[str, str]) -> Rendered:
    """Return a task as Rally would see it; ``texts`` are what it may include, by name."""
    if not re.search(r"\{[{%#]", text):
        return Rendered(text, (), ())
    answer = _ask({"text": text, "texts": dict(texts), "limits": _LIMITS})
    if "error" in answer:
        rule = _RULES[answer["error"]]
        issue = findings.Issue(rule, (answer["line"],), answer["message"])
        return Rendered(None, (), (issue,))
    issues = [
        _without_default(name, text)
        for name in answer["wanted"]
        if name not in _PYTHONS and not _has_default(name, text)
    ]
    return Rendered(answer["text"], tuple(answer.get("lines", ())), tuple(issues))


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    runaway = {"error": "runaway", "line": 1}
    try:
        ended = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-I", str(_SCRIPT)],
            input=json.dumps(request).encode(),
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env={},
        )
    except subprocess.TimeoutExpired:
        return {**runaway, "message": f"it takes more than {_TIMEOUT_S} s"}
    if ended.returncode < 0:
        return {**runaway, "message": "it takes more time or memory than any task needs"}
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").splitlines() or ["nothing was said"]
        return {**runaway, "message": f"it cannot be rendered: {said[-1]}"}
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def _has_default(name: str, text: str) -> bool:
    """Whether Rally sees a default and there is one: it searches the text as Rally 5.1.1 does.

    What is set to itself alone looks to Rally as if it had one, and is empty.
    """
    return bool(
        re.search(rf"{{%\s*set\s+{name}\s*=\s*{name}(?!\s*[-+]?%}})[^\w]+", text)
        or re.search(rf"{name}\s*\|\s*default\(", text)
    )


def _without_default(name: str, text: str) -> findings.Issue:
    found = re.search(rf"\b{name}\b", text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    is_dashed = re.search(rf"{{%[-+]\s*set\s+{name}\s*=\s*{name}\b", text)
    why = ": Rally doesn't see a default after {%- or {%+" if is_dashed else ""
    return findings.Issue(
        "jinja-no-default",
        (line,),
        f"the variable {name!r} has no default{why}",
        f'write {{% set {name} = {name} or "value" %}}',
    )
