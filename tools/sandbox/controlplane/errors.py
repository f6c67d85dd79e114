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
"""What can go wrong, and how the tool says so.

    SandboxError            1  one line that says what to do, perhaps with the end of a log
    `-- NotRunningError     3  the sandbox, or a part of it, is not up

The numbers are the tool's exit codes; 2 is argparse's for wrong usage.
"""

import pathlib

LINES_SHOWN = 20


class SandboxError(Exception):
    """A failure that the user can act on; the text says how."""

    exit_code = 1

    def __init__(self, message: str, *, log: pathlib.Path | None = None) -> None:
        super().__init__(message)
        self.log = log

    def describe(self) -> str:
        """The message, followed by the end of the log where there is one."""
        if self.log is None:
            return str(self)
        return f"{self}\n--- the end of {self.log}\n{read_end(self.log)}\n---"


class NotRunningError(SandboxError):
    """Something that has to be up is not."""

    exit_code = 3


def read_end(path: pathlib.Path, lines: int = LINES_SHOWN) -> str:
    """The last lines of a text file, or a remark where there is nothing to read."""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        return f"({error})"
    return "\n".join(text.splitlines()[-lines:]) or "(empty)"
