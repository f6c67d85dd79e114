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
import pathlib

from cleanupd.rally_jobs import findings


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
    raise NotImplementedError
