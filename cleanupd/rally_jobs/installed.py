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

"""An installed Rally, asked in a process of its own what it knows and what it refuses.

The process has a home without plugins and no environment of ours.  What it is
given has been rendered in the sandbox before: Rally's own Jinja, which runs
what a template says, gets nothing to do.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from cleanupd import exceptions
from cleanupd.rally_jobs import paths

_HERE = pathlib.Path(__file__).parent
_TIMEOUT_S = 300
#: Rally's own are of other places.
_PATH = "/usr/local/bin:/usr/bin:/bin"

Refusals = dict[str, list[tuple[int | None, str]]]


def find() -> str | None:
    """Return this interpreter if Rally is installed beside us; nothing is imported."""
    found = all(importlib.util.find_spec(name) for name in ("rally", "rally_openstack"))
    return sys.executable if found else None


def describe(python: str) -> dict[str, Any]:
    """Return what the Rally of an interpreter tells of itself; raises UsageError."""
    with _home({}) as home:
        told: dict[str, Any] = _run(python, "introspection.py", None, home)
    return told


def validate(
    python: str,
    texts: Mapping[str, str],
    extra: Mapping[str, pathlib.Path],
    plugins: Iterable[pathlib.Path] = (),
) -> Refusals:
    """Return which workloads of these rendered tasks Rally refuses, by the task's name.

    ``extra`` are the files that jobs would have in ``~/.rally/extra``, by
    name.  The folders ``plugins`` are imported, code and all.  Raises
    UsageError.
    """
    request = {"tasks": dict(texts), "plugins": [str(one.absolute()) for one in plugins]}
    with _home(extra) as home:
        refused: Refusals = _run(python, "validate_script.py", request, home)
    return refused


@contextlib.contextmanager
def _home(extra: Mapping[str, pathlib.Path]) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="cleanupd-") as home:
        if extra:
            place = pathlib.Path(home, ".rally", "extra")
            place.mkdir(parents=True)
            for name in paths.MADE_BY_JOBS:
                (place / name).touch()
            for name, path in extra.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    (place / name).symlink_to(path.absolute())
        yield home


def _run(python: str, script: str, request: Any, home: str) -> Any:
    found = shutil.which(python)
    if found is None:
        raise _unusable(python, "there is no such program")
    try:
        ended = subprocess.run(  # noqa: S603 - whoever checks says which Rally
            # Absolute, since it is started elsewhere; not resolved, or a venv were left.
            [pathlib.Path(found).absolute(), "-IB", str(_HERE / script)],
            input=json.dumps(request).encode(),
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env={"HOME": home, "PATH": _PATH},
            cwd=home,
        )
    except OSError as error:
        raise _unusable(python, f"it cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise _unusable(python, f"it gave no answer within {_TIMEOUT_S} s") from error
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        raise _unusable(python, said[-1] if said else f"it ended with {ended.returncode}")
    try:
        return json.loads(ended.stdout)
    except ValueError as error:
        raise _unusable(python, "its answer cannot be understood") from error


def _unusable(python: str, reason: str) -> exceptions.UsageError:
    return exceptions.UsageError(
        f"the Rally of {python} cannot be asked: {reason}; give the interpreter of an"
        " environment with rally and rally-openstack, or leave out --rally-python"
    )
