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
"""Has an installed Rally validate a task; run by that Rally's interpreter, with a home of its own.

Says on stdout, as JSON, how many workloads there are and why some are refused.
Only what needs no cloud is validated: syntax, names, arguments, contexts.
"""

import json
import os
import pathlib
import sys
from unittest import mock

from rally import api
from rally import exceptions
from rally import plugins
from rally.task import engine
from rally.task import task_cfg
import yaml


def main() -> None:
    """Validate the task that the first argument names."""
    path = pathlib.Path(sys.argv[1])
    plugins.load()
    text = api._Task(None).render_template(  # noqa: SLF001 - as its command does
        task_template=path.read_text(), template_dir=str(path.parent)
    )
    config = task_cfg.TaskConfig(yaml.safe_load(text))
    judge = engine.TaskEngine(config, mock.MagicMock(), None)
    workloads = [one for subtask in config.subtasks for one in subtask["workloads"]]
    refused = []
    for workload in workloads:
        try:
            judge._validate_workload(workload, vtype="syntax")  # noqa: SLF001 - one by one
        except exceptions.RallyException as error:
            refused.append(str(error))
    json.dump({"workloads": len(workloads), "refused": refused}, sys.stdout)
    sys.stdout.flush()
    # Rally's plugins leave threads behind that would be waited for.
    os._exit(0)


if __name__ == "__main__":
    main()
