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

"""The files that a workload names: whether a job has them when it runs.

Jobs copy the folder's ``extra`` to ``~/.rally/extra`` and make two images and
nothing else there (role prepare-for-rally-task of rally-openstack).
"""

from collections.abc import Collection
from collections.abc import Iterator
import posixpath
import re
from typing import Any

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import tasks

#: What jobs make in ~/.rally/extra themselves.
MADE_BY_JOBS = frozenset({"dummy_image.qcow2", "dummy_image.raw"})

_EXTRA = re.compile(r"(?:~|/opt/stack|\$HOME)/\.rally/extra/(?P<name>.+)")
_OLD_EXTRA = re.compile(r"/home/jenkins/\.rally/extra/(?P<name>.+)")
_URL = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
#: Arguments that are files or, with the same name, URLs.
_FILE_TYPES = frozenset({"file", "file_dict", "path_or_url", "expand_user_path"})
#: Arguments that are files though no type of Rally's says so.
_FILE_ARGUMENTS = frozenset({"definition", "template", "script_file", "image_url"})


def find_issues(
    workload: tasks.Workload, known: table.Table, extra: Collection[str]
) -> Iterator[findings.Issue]:
    """Yield the files that no job has; ``extra`` are the names in the folder ``extra``."""
    scenario = known.scenarios.get(workload.scenario.name, table.Scenario())
    for setting in (workload.scenario, *workload.contexts, *workload.hooks):
        for at, key, value in _texts(setting.value, setting.at):
            is_argument = setting is workload.scenario
            is_file = key in _FILE_ARGUMENTS or (
                is_argument and scenario.types.get(_argument(at, setting)) in _FILE_TYPES
            )
            yield from _check(value, at, extra, is_file=is_file)


def _argument(at: findings.Place, setting: tasks.Setting) -> str:
    inner = at[len(setting.at) :]
    return str(inner[0]) if inner else ""


def _check(
    value: str, at: findings.Place, extra: Collection[str], *, is_file: bool
) -> Iterator[findings.Issue]:
    value = value.strip()
    if found := _EXTRA.fullmatch(value):
        yield from _check_extra(found["name"], at, extra)
    elif found := _OLD_EXTRA.fullmatch(value):
        mend = f"write ~/.rally/extra/{found['name']}"[:300]
        message = f"{value} is a path of jobs that ran on Jenkins"[:300]
        yield findings.Issue("path-outside-extra", at, message, mend)
        yield from _check_extra(found["name"], at, extra)
    elif _URL.match(value):
        if is_file:
            message = f"{value} is fetched while the benchmark runs"[:300]
            yield findings.Issue("url-at-run-time", at, message)
    elif is_file and value and "\n" not in value:
        message = f"no job puts {value} there"[:300]
        yield findings.Issue("path-outside-extra", at, message)


def _check_extra(
    name: str, at: findings.Place, extra: Collection[str]
) -> Iterator[findings.Issue]:
    name = posixpath.normpath(name)
    if name not in extra and name not in MADE_BY_JOBS:
        near = table.suggest(name, [*extra, *MADE_BY_JOBS])
        mend = f"add extra/{name}" + (
            f", or did you mean {findings.listed(near)}?" if near else ""
        )
        yield findings.Issue("extra-missing", at, f"extra has no {name}"[:300], mend[:300])


def _texts(value: Any, at: findings.Place) -> Iterator[tuple[findings.Place, str, str]]:
    """Yield every text in a value with its place and the last key before it."""
    if isinstance(value, str):
        keys = [one for one in at if isinstance(one, str)]
        yield at, keys[-1] if keys else "", value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, (*at, key))
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from _texts(one, (*at, i))
