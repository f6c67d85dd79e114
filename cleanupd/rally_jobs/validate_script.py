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

"""Validates rendered tasks by Rally's own engine; run by the interpreter of an installed Rally.

Not a module to import: :mod:`cleanupd.rally_jobs.installed` starts it.  It
reads texts of tasks by name from stdin, in JSON, and writes what Rally refuses
to stdout.  The engine's methods are those of Rally 5.1.1.
"""

import importlib
import json
import os
import sys
from typing import Any
from unittest import mock


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    # What Rally and plugins print must not get into the answer.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    importlib.import_module("rally.plugins").load()
    discover = importlib.import_module("rally.common.plugin.discover")
    for folder in request["plugins"]:
        discover.load_plugins(folder)
    refused = {name: list(validate(text)) for name, text in request["tasks"].items()}
    json.dump(refused, answer)
    answer.flush()


def validate(text: str) -> Any:
    """Yield the number of each workload that Rally refuses, None for a whole task, and why."""
    exceptions = importlib.import_module("rally.exceptions")
    engine = importlib.import_module("rally.task.engine")
    task_cfg = importlib.import_module("rally.task.task_cfg")
    yaml = importlib.import_module("yaml")
    try:
        config = task_cfg.TaskConfig(yaml.safe_load(text))
    except Exception as error:  # noqa: BLE001 - a boundary: Rally promises no class
        yield None, _say(error)
        return
    # The engine wants a task and an environment, and asks them nothing about syntax.
    checker = engine.TaskEngine(config, mock.MagicMock(), None)
    workloads = [one for subtask in config.subtasks for one in subtask["workloads"]]
    for number, workload in enumerate(workloads):
        try:
            checker._validate_workload(workload, vtype="syntax")  # noqa: SLF001 - no other door
        except exceptions.InvalidTaskConfig as error:
            yield number, _say(error.kwargs.get("reason") or error)
        except Exception as error:  # noqa: BLE001 - a validator broke on what it validates
            yield number, _say(error)


def _say(error: Any) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__


if __name__ == "__main__":
    main()
