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

"""The sandbox, lent to a demonstration and given back as it was found."""

from collections.abc import Iterator
import contextlib
import dataclasses
import importlib
import os
import pathlib
import signal
import subprocess
import sys
from types import FrameType
from typing import Any

from tests.sandbox import box

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: How long an installation that was interrupted may take to end by itself.
_PATIENCE_S = 120.0


class Broken(Exception):
    """A command of the sandbox failed, and has told why."""


@dataclasses.dataclass
class Loan:
    """A sandbox that is lent, and how it was found."""

    sandbox: Any
    tasks: tuple[str, ...]
    ran: frozenset[str]
    had_state: bool

    @property
    def home(self) -> pathlib.Path:
        """Where the sandbox keeps all that it installs, and its state."""
        home: pathlib.Path = self.sandbox.folders.home
        return home

    @property
    def clouds_yaml(self) -> pathlib.Path:
        """Where clients find the cloud."""
        clouds_yaml: pathlib.Path = self.sandbox.folders.clouds_yaml
        return clouds_yaml


@contextlib.contextmanager
def lent(*tasks: str) -> Iterator[Loan]:
    """Give a sandbox that is up, where Rally can run these tasks; it is given back as it was.

    One that was up stays up. One that was down is taken down, and wiped if it had no state.
    Where something goes wrong none of these tasks runs on. Only the first signal is heard, so
    that nothing interrupts the way back.
    """
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    loan = _borrow(tasks)
    try:
        print("Bringing up a real OpenStack control plane, and a real Rally ...", flush=True)
        _run("up", "--rally")
        yield loan
    except BaseException:
        _turn_deaf()
        _end_tasks(loan)
        raise
    finally:
        _turn_deaf()
        _give_back(loan)


def _borrow(tasks: tuple[str, ...]) -> Loan:
    sandbox = _open()
    # Asked first, because every command of the sandbox makes the folder.
    had_state = sandbox.folders.state.exists()
    return Loan(sandbox, tasks, frozenset(_running(sandbox)), had_state)


def _open() -> Any:
    """Return the sandbox as its own tool knows it; its modules are installed nowhere."""
    tools = str(box.COMMAND.parent)
    sys.path.append(tools)
    try:
        sandbox = importlib.import_module("controlplane.sandbox")
    finally:
        sys.path.remove(tools)
    return sandbox.open_sandbox(os.environ)


def _running(sandbox: Any) -> list[str]:
    return [name for name in sandbox.table.names() if sandbox.table.is_running(name)]


def _end_tasks(loan: Loan) -> None:
    """End the tasks that were started since; also one that has not told its uuid yet."""
    ours = tuple(f"rally-{task}-" for task in loan.tasks)
    for name in _running(loan.sandbox):
        if name.startswith(ours) and name not in loan.ran:
            loan.sandbox.table.stop(name, grace_s=0)
    if loan.ran or loan.had_state:
        print(f"\nIf Rally made something, it is still in the cloud of {loan.clouds_yaml}.")


def _give_back(loan: Loan) -> None:
    if loan.ran:
        print(f"\nThe sandbox in {loan.home} was up before, and stays up.", flush=True)
        return
    print("\nTaking the control plane down ...", flush=True)
    _run("down", *(() if loan.had_state else ("--wipe",)))
    print(f"What was installed is in {loan.home}, for the next time.", flush=True)


def _run(*words: str) -> None:
    """Run a command of the sandbox, which tells its progress; let it end when interrupted."""
    process = subprocess.Popen([box.COMMAND, *words], start_new_session=True)
    try:
        code = process.wait()
    except BaseException:
        print("\nInterrupted; letting the sandbox's command end ...", file=sys.stderr, flush=True)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    if code:
        raise Broken(f"sandbox {' '.join(words)} ended with {code}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _turn_deaf()
    raise KeyboardInterrupt


def _turn_deaf() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
