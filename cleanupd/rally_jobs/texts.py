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

"""The texts beside the tasks: READMEs that name files, jobs of Zuul's that run them."""

from collections.abc import Iterator
import os
import pathlib
import posixpath
import re

import yaml

from cleanupd.rally_jobs import documents
from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import folder
from cleanupd.rally_jobs import paths
from cleanupd.rally_jobs import table

_FILE = re.compile(r"(?<![\w./<>*{}~-])(?P<name>[\w./~-]*[\w-]\.(?:yaml|yml|json))(?![\w<>*{}])")
_PARENT = "rally-task-"


def find_readme_troubles(found: folder.Folder) -> Iterator[folder.Trouble]:
    """Yield READMEs that are missing, and the files that they name and that are not there."""
    readme = found.inside("README.rst")
    if found.is_single:
        return
    if readme not in found.texts and readme not in {path for path, *_ in found.troubles}:
        yield readme, findings.Issue("readme-missing", (), "the folder has no README.rst"), 1
    for path in found.texts:
        if posixpath.basename(path) == "README.rst":
            for number, line in enumerate(found.texts[path].splitlines(), start=1):
                for name in _named(line):
                    if not _exists(name, found):
                        message = f"there is no {name}"
                        yield path, findings.Issue("readme-absent-file", (), message), number


def _named(line: str) -> Iterator[str]:
    for word in line.split():
        if "://" not in word:
            yield from _FILE.findall(word)


def _exists(name: str, found: folder.Folder) -> bool:
    """Whether a README's word for a file fits one of the folder's, or of the repository's root."""
    plain = posixpath.normpath(name.removeprefix("~/.rally/"))
    is_inside = not plain.startswith(("/", ".."))
    repository = _repository(found)
    is_there = repository and is_inside and os.path.lexists(repository / plain)
    if plain in found.files or is_there:
        return True
    if posixpath.basename(plain) in paths.MADE_BY_JOBS or not found.inside(plain):
        return True
    names = {found.name_of(path) for path in found.files}
    return plain in names or any(one.endswith(f"/{plain}") for one in names)


def _repository(found: folder.Folder) -> pathlib.Path | None:
    """Return the root of the repository, also of a folder that was given by itself."""
    whole = found.root.absolute()
    if found.place:
        return whole
    return whole.parent if whole.name in folder.NAMES else None


def find_job_troubles(found: folder.Folder, known: table.Table) -> Iterator[folder.Trouble]:
    """Yield the jobs that can't run, and the tasks that no job runs."""
    if not found.zuul:
        return
    read = found.zuul[0]
    run: set[str] = set()
    for path in sorted(found.texts):
        place = path.partition("/")[0]
        if place not in folder.ZUUL_PLACES:
            continue
        for job in _jobs(found.texts[path]):
            if place != read:
                message = f"Zuul reads {read} and not {place}"
                yield path, findings.Issue("job-ignored", (), message), job.line
                continue
            run.add(job.task)
            yield from _check(job, path, found, known)
    for task in found.tasks:
        if task not in run:
            message = f"no job of {read} runs {task}"
            yield task, findings.Issue("job-missing", (), message), 1


class _Job:
    """A job of Zuul's that has to do with Rally: its parent and its task, "" where it has none."""

    def __init__(self, node: yaml.MappingNode) -> None:
        self.line = int(node.start_mark.line) + 1
        parent, variables = _get(node, "parent"), _get(node, "vars")
        task = _get(variables, "rally_task")
        self.parent = str(parent.value) if isinstance(parent, yaml.ScalarNode) else ""
        self.parent_line = int(parent.start_mark.line) + 1 if parent else self.line
        self.task = str(task.value) if isinstance(task, yaml.ScalarNode) else ""
        self.task_line = int(task.start_mark.line) + 1 if task else self.line
        self.is_elsewhere = _get(variables, "rally_task_src_dir") is not None


def _check(
    job: _Job, path: str, found: folder.Folder, known: table.Table
) -> Iterator[folder.Trouble]:
    is_there = job.task in found.files or job.is_elsewhere
    if job.task and not is_there and "{{" not in job.task:
        near = table.suggest(job.task, found.tasks)
        mend = f"did you mean {findings.listed(near)}?" if near else ""
        message = f"there is no {job.task}"
        yield path, findings.Issue("job-absent-file", (), message, mend), job.task_line
    is_of_rally = job.parent.startswith(_PARENT)
    if is_of_rally and job.parent not in known.parents and job.parent not in _own_jobs(found):
        message = f"rally-openstack has no job {job.parent}"
        yield path, findings.Issue("job-unknown-parent", (), message), job.parent_line


def _own_jobs(found: folder.Folder) -> set[str]:
    """Return the names of the repository's own jobs that look like rally-openstack's."""
    names: set[str] = set()
    for path, text in found.texts.items():
        if path.partition("/")[0] in folder.ZUUL_PLACES:
            names |= set(re.findall(r"^ +name: *(rally-task-[^\s#]+)", text, re.MULTILINE))
    return names


def _jobs(text: str) -> Iterator[_Job]:
    root = documents.compose(text)
    if not isinstance(root, yaml.SequenceNode):
        return
    for item in root.value:
        job = _get(item, "job")
        if isinstance(job, yaml.MappingNode):
            one = _Job(job)
            if one.task or one.parent.startswith(_PARENT):
                yield one


def _get(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == name:
                return value  # type: ignore[no-any-return]
    return None
