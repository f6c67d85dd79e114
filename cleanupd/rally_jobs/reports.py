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

"""Reports of a check as text, JSON, SARIF and as annotations of GitHub's.

SARIF is that of the OASIS standard 2.1.0, as far as GitHub and editors read it;
annotations are the workflow commands ``::error file=...``.
"""

from collections.abc import Callable
from collections.abc import Iterator
import json
from typing import Any
import urllib.parse

import msgspec

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import rules

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(report: findings.Report) -> str:
    """Return a line for each finding with its remedy below, and what was looked at."""
    # The name of a file may have lines, too.
    return "".join(line.replace("\n", "\\n") + "\n" for line in _text_lines(report))


def _text_lines(report: findings.Report) -> Iterator[str]:
    for one in report.findings:
        yield f"{report.path_of(one)}:{one.line}: {one.level}: {one.message} [{one.rule}]"
        yield f"    {one.mend}"
    counts = [
        f"{number} {level}{'' if number == 1 else 's'}"
        for level in findings.Level
        if (number := sum(one.level is level for one in report.findings))
    ]
    files = f"{len(report.tasks)} task file{'' if len(report.tasks) == 1 else 's'}"
    yield f"{files} checked against {report.authority}: {', '.join(counts) or 'nothing to mend'}"


def as_json(report: findings.Report) -> str:
    """Return the whole report as a JSON object."""
    return json.dumps(msgspec.to_builtins(report), indent=2) + "\n"


def as_sarif(report: findings.Report) -> str:
    """Return the findings as SARIF 2.1.0."""
    used = sorted({one.rule for one in report.findings})
    driver = {
        "name": "cleanupctl rally-jobs check",
        "rules": [_sarif_rule(rules.RULES[rule]) for rule in used],
    }
    results = [
        _sarif_result(one, report.path_of(one), used.index(one.rule)) for one in report.findings
    ]
    run = {"tool": {"driver": driver}, "results": results}
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _sarif_rule(rule: rules.Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.finds},
        "help": {"text": rule.mend},
        "defaultConfiguration": {"level": str(rule.level)},
    }


def _sarif_result(one: findings.Finding, path: str, index: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": urllib.parse.quote(path)},
        "region": {"startLine": one.line},
    }
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": str(one.level),
        "message": {"text": f"{one.message}; {one.mend}"},
        "locations": [{"physicalLocation": place}],
    }


_COMMANDS = {
    findings.Level.ERROR: "error",
    findings.Level.WARNING: "warning",
    findings.Level.NOTE: "notice",
}


def as_annotations(report: findings.Report) -> str:
    """Return a workflow command of GitHub's for each finding."""
    return "".join(f"{_annotation(one, report.path_of(one))}\n" for one in report.findings)


def _annotation(one: findings.Finding, path: str) -> str:
    properties = {"file": path, "line": str(one.line), "title": one.rule}
    told = ",".join(f"{key}={_escape(value, ',:')}" for key, value in properties.items())
    return f"::{_COMMANDS[one.level]} {told}::{_escape(f'{one.message}; {one.mend}', '')}"


def _escape(text: str, others: str) -> str:
    """Return a text in which nothing ends a workflow command, or begins another."""
    for character in ("%", "\r", "\n", *others):
        text = text.replace(character, f"%{ord(character):02X}")
    return text


FORMATS: dict[str, Callable[[findings.Report], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_annotations,
}
