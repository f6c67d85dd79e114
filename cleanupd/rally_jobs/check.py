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

"""The check of a repository's Rally jobs: from a path to a report."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import pathlib
import posixpath
import time

import msgspec

from cleanupd.rally_jobs import documents
from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import folder
from cleanupd.rally_jobs import installed
from cleanupd.rally_jobs import paths
from cleanupd.rally_jobs import plugins
from cleanupd.rally_jobs import rendering
from cleanupd.rally_jobs import rules
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import tasks
from cleanupd.rally_jobs import texts
from cleanupd.rally_jobs import workloads

#: More of one file helps nobody.
MOST_OF_A_FILE = 200
#: Real folders take a second; what takes longer does so on purpose.
LONGEST_S = 60


def check(
    path: pathlib.Path,
    *,
    rally_python: str | None = None,
    has_plugins: bool = False,
    ignored: Collection[str] = (),
) -> findings.Report:
    """Return what is wrong with a repository, a folder of Rally jobs, or one task file.

    Nothing of it is executed.  ``rally_python`` is the interpreter of an
    installed Rally: its plugins are then known instead of the bundled
    table's, and it validates every workload; only with ``has_plugins`` it
    imports the folder's own plugins.  Findings of ``ignored`` rules are left
    out.  Raises UsageError for a path that is not there and an interpreter
    that cannot be used.
    """
    found = folder.read(path)
    known = table.make(installed.describe(rally_python)) if rally_python else table.load()
    extended = plugins.read(_plugin_texts(found), known)
    files = list(_read_tasks(found, extended.known))
    troubles = [*found.troubles, *extended.troubles]
    troubles += (trouble for one in files for trouble in one.troubles)
    if not any(where == found.place for where, *_ in found.troubles):
        troubles += _around(found, files, known)
    if rally_python:
        own = extended.known if not has_plugins else None
        troubles += _ask_rally(rally_python, found, files, known, own)
    return findings.Report(
        root=str(found.root),
        authority=_authority(known, rally_python),
        tasks=tuple(one.path for one in files if one.task),
        findings=tuple(_sift(troubles, ignored)),
    )


class _File(msgspec.Struct):
    """One file that may be a task: its task, if it is one, and what is wrong with it."""

    path: str
    rendered: rendering.Rendered
    document: documents.Document
    task: tasks.Task | None
    troubles: list[folder.Trouble]

    def line(self, at: findings.Place) -> int:
        """Return the file's line of a place in its document."""
        return self.rendered.line(self.document.line(at))


def _plugin_texts(found: folder.Folder) -> dict[str, str]:
    return {path: text for path, text in found.texts.items() if path.endswith(".py")}


def _read_tasks(found: folder.Folder, known: table.Table) -> Iterator[_File]:
    """Yield the files that may be tasks; what has not been read in time is refused unread."""
    until = time.monotonic() + LONGEST_S
    for path in found.tasks:
        if time.monotonic() < until:
            yield from _read_task(path, found, known)
            continue
        message = f"the tasks before it took more than {LONGEST_S} s"
        trouble = (path, findings.Issue("folder-too-large", (), message), 1)
        nothing = documents.Document(None, {}, ())
        yield _File(path, rendering.Rendered(None, (), ()), nothing, None, [trouble])


def _read_task(path: str, found: folder.Folder, known: table.Table) -> Iterator[_File]:
    text = found.texts[path]
    others = {
        found.name_of(one): found.texts[one] for one in found.texts if not one.endswith(".py")
    }
    rendered = rendering.render(text, others)
    troubles: list[folder.Trouble] = [(path, one, one.at[0]) for one in rendered.issues]
    if rendered.text is None:
        document = documents.Document(None, {}, ())
        yield _File(path, rendered, document, None, troubles)
        return
    document = documents.read(rendered.text)
    file = _File(path, rendered, document, None, troubles)
    troubles += ((path, issue, rendered.line(line)) for issue, line in document.issues)
    is_readable = document.value is not None or not document.issues
    if is_readable and (found.is_single or tasks.is_task(document.value)):
        file.task = tasks.take_apart(document.value, known)
        if rendered.text != text:
            troubles += _raw_troubles(path, text)
        issues = [*file.task.issues, *_workload_issues(file.task, found, known)]
        troubles += ((path, one, file.line(one.at)) for one in issues)
    yield file


def _raw_troubles(path: str, text: str) -> Iterator[folder.Trouble]:
    """Yield the first thing that keeps a file from being YAML before it is rendered."""
    for issue, line in documents.read(text).issues:
        if issue.rule == "yaml-syntax":
            yield path, findings.Issue("yaml-raw", (), f"unrendered, {issue.message}"), line
            return


def _workload_issues(
    task: tasks.Task, found: folder.Folder, known: table.Table
) -> Iterator[findings.Issue]:
    extra = _extra(found)
    for one in task.workloads:
        yield from workloads.find_issues(one, known)
        yield from paths.find_issues(one, known, extra)


def _extra(found: folder.Folder) -> dict[str, pathlib.Path]:
    prefix = f"{folder.EXTRA}/"
    return {
        found.name_of(one).removeprefix(prefix): found.root / one
        for one in found.files
        if found.name_of(one).startswith(prefix)
    }


def _around(
    found: folder.Folder, files: Iterable[_File], known: table.Table
) -> Iterator[folder.Trouble]:
    """Yield what is wrong with the folder as a whole."""
    place = found.place or "."
    if posixpath.basename(found.place) == folder.NAMES[1]:
        message = f"the folder is called {found.place}"
        yield place, findings.Issue("folder-name", (), message), 1
    if not any(one.task or one.troubles for one in files) and not found.troubles:
        yield place, findings.Issue("no-task", (), f"{place} has no task file"), 1
    yield from texts.find_readme_troubles(found)
    is_task = {one.path for one in files if one.task or one.troubles}
    jobs = msgspec.structs.replace(found, tasks=tuple(t for t in found.tasks if t in is_task))
    yield from texts.find_job_troubles(jobs, known)


def _ask_rally(
    python: str,
    found: folder.Folder,
    files: Iterable[_File],
    known: table.Table,
    own: table.Table | None,
) -> Iterator[folder.Trouble]:
    """Yield what the installed Rally refuses and no rule of ours has.

    ``own`` is the table with the folder's plugins, where these are not to be
    imported: Rally can't judge the workloads that need them.
    """
    asked = {one.path: one for one in files if one.task and one.rendered.text is not None}
    folders = [] if own else [found.root / found.inside("plugins")]
    refused = installed.validate(
        python,
        {path: one.rendered.text or "" for path, one in asked.items()},
        _extra(found),
        [one for one in folders if one.is_dir() and not one.is_symlink()],
    )
    for path, refusals in refused.items():
        file = asked[path]
        for number, message in refusals:
            trouble = _refusal(file, number, message, known, own)
            if trouble is not None:
                yield trouble


def _refusal(
    file: _File, number: int | None, message: str, known: table.Table, own: table.Table | None
) -> folder.Trouble | None:
    errors = [
        one.at
        for _, one, _ in file.troubles
        if rules.RULES[one.rule].level is findings.Level.ERROR
    ]
    task = file.task
    if task is None or (number is None and errors):
        return None
    at: findings.Place = ()
    if number is not None and number < len(task.workloads):
        workload = task.workloads[number]
        at = workload.scenario.at
        start = workload.contexts_at[:-1]
        if any(one[: len(start)] == start for one in errors):
            return None
        if own and _needs_plugins(workload, known, own):
            return None
    return file.path, findings.Issue("rally-refuses", at, f"Rally says: {message}"), file.line(at)


def _needs_plugins(workload: tasks.Workload, known: table.Table, own: table.Table) -> bool:
    named = {
        "scenarios": [workload.scenario],
        "contexts": workload.contexts,
        "runners": [workload.runner] if workload.runner else [],
        "slas": workload.slas or (),
        "hooks": workload.hooks,
    }
    return any(
        one.name in getattr(own, part)
        and getattr(own, part)[one.name] != getattr(known, part).get(one.name)
        for part, settings in named.items()
        for one in settings
    )


def _authority(known: table.Table, rally_python: str | None) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(known.versions.items()))
    return f"{versions}, installed" if rally_python else f"{versions}, from the bundled table"


def _sift(
    troubles: Iterable[folder.Trouble], ignored: Collection[str]
) -> Iterator[findings.Finding]:
    """Yield the findings in order, each once, and of one file not endlessly many."""
    found = {_finding(*one) for one in troubles if one[1].rule not in ignored}
    counts: dict[str, int] = {}
    for one in sorted(found):
        counts[one.path] = counts.get(one.path, 0) + 1
        if counts[one.path] <= MOST_OF_A_FILE:
            yield one


def _finding(path: str, issue: findings.Issue, line: int) -> findings.Finding:
    rule = rules.RULES[issue.rule]
    return findings.Finding(
        path=path.encode("utf-8", "backslashreplace").decode(),
        line=line,
        rule=rule.id,
        level=rule.level,
        message=issue.message,
        mend=issue.mend or rule.mend,
    )
