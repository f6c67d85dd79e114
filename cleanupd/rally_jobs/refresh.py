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

"""Makes ``scenarios.json`` anew: ``python -m cleanupd.rally_jobs.refresh --rally-python PYTHON``.

What Rally tells of itself is replaced as a whole.  Which actions a scenario
times is nowhere declared, only seen: ``observed.json`` keeps it, and
``--report`` adds what a real run has shown.  What has no observation is named
on stderr.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

from cleanupd.rally_jobs import table

_SCRIPT = pathlib.Path(__file__).with_name("introspection.py")
_TIMEOUT_S = 300


def main(argv: list[str] | None = None) -> int:
    """Write both files and return 0."""
    parser = argparse.ArgumentParser(description="Make the table of Rally's scenarios anew.")
    parser.add_argument(
        "--rally-python", required=True, help="the interpreter of an installed Rally"
    )
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        type=pathlib.Path,
        help="what `rally task report --json` wrote of a run: adds the actions that were seen",
    )
    arguments = parser.parse_args(argv)
    told = ask(arguments.rally_python)
    observed = json.loads(table.OBSERVED.read_text(encoding="utf-8"))
    for path in arguments.report:
        observe(observed["actions"], json.loads(path.read_text(encoding="utf-8")))
    table.TOLD.write_text(dump(told), encoding="utf-8")
    table.OBSERVED.write_text(dump(observed), encoding="utf-8")
    unseen = sorted(set(told["scenarios"]) - set(observed["actions"]))
    sys.stderr.write(f"{len(told['scenarios'])} scenarios of {told['versions']}\n")
    sys.stderr.write(f"actions never observed: {', '.join(unseen) or 'none'}\n")
    return 0


def ask(python: str) -> dict[str, Any]:
    """Return what the Rally of an interpreter tells of itself."""
    with tempfile.TemporaryDirectory(prefix="cleanupd-") as home:
        ended = subprocess.run(  # noqa: S603 - whoever refreshes says which Rally
            [python, "-I", str(_SCRIPT)],
            stdout=subprocess.PIPE,
            check=True,
            timeout=_TIMEOUT_S,
            env={"HOME": home, "PATH": "/usr/bin:/bin"},
        )
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def observe(actions: dict[str, Any], report: dict[str, Any]) -> None:
    """Add to ``actions`` what the workloads of a report did."""
    for task in report["tasks"]:
        for subtask in task["subtasks"]:
            for workload in subtask["workloads"]:
                name = next(iter(workload["scenario"]))
                seen = actions.setdefault(name, {"top": [], "nested": [], "is_partial": True})
                rows = workload["statistics"]["durations"]["atomics"]
                _merge(seen, "top", {row["name"] for row in rows})
                _merge(seen, "nested", {one for row in rows for one in _below(row)})


def _merge(seen: dict[str, Any], key: str, names: set[str]) -> None:
    seen[key] = sorted({*seen[key], *names})


def _below(row: dict[str, Any]) -> set[str]:
    return {name for one in row["children"] for name in ({one["name"]} | _below(one))}


def dump(data: dict[str, Any]) -> str:
    """Return JSON with a line for each entry of each part, so that differences can be read."""
    parts = []
    for key, part in sorted(data.items()):
        if isinstance(part, dict):
            lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(part.items())]
            opening, closing = "{", "}"
        else:
            lines = [f"  {json.dumps(one)}" for one in part]
            opening, closing = "[", "]"
        body = ",\n".join(lines)
        parts.append(f"{json.dumps(key)}: {opening}\n{body}\n {closing}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
