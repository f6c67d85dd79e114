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

"""Makes sure that a directory of state belongs to one daemon, or to one command that removes."""

from collections.abc import Iterator
import contextlib
import fcntl
import os
import pathlib

from cleanupd import exceptions


class Tenure:
    """Holds a lock in the directory from start to end; the kernel frees it after a crash.

    Two daemons on one SQLite database would take each other's sweeps for interrupted.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        advice: str = "end that one, or give this one a state_path of its own",
    ) -> None:
        """Lock nothing yet; ``advice`` is what to do where another one has the lock."""
        self._directory = directory
        self._advice = advice
        self._descriptor: int | None = None

    def start(self) -> None:
        """Make the directory, and lock it; raises JournalFailed."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            path = self._directory / "lock"
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.wait()
            raise exceptions.JournalFailed(
                str(self._directory), f"another daemon or command uses it; {self._advice}"
            ) from error
        except OSError as error:
            reason = f"{error.strerror}; see the option state_path"
            raise exceptions.JournalFailed(str(self._directory), reason) from error

    def stop(self) -> None:
        """Do nothing yet: others are still writing."""

    def wait(self) -> None:
        """Free the directory for the next daemon."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def why_stuck(self) -> str | None:
        """Return None: a lock needs no progress."""
        return None


@contextlib.contextmanager
def held(directory: pathlib.Path, advice: str) -> Iterator[None]:
    """Hold the lock of a directory meanwhile; raises JournalFailed where another one has it."""
    tenure = Tenure(directory, advice)
    tenure.start()
    try:
        yield
    finally:
        tenure.wait()
