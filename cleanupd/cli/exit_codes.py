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

"""What a command's exit code says to a script."""

import enum


class ExitCode(enum.IntEnum):
    """The exit codes of every command.

    Where a kind could not be listed the code is WRONG even if leaks were
    found: whoever acts on LEAKS may rely on the list being complete.  EXISTS
    is of a command alone that would write where something is already.
    """

    CLEAN = 0
    WRONG = 1
    LEAKS = 2
    EXISTS = 3
    INTERRUPTED = 130


def judge(*, is_anything_found: bool, is_complete: bool) -> ExitCode:
    """Return the code for what was found by a look that was complete or not."""
    if not is_complete:
        return ExitCode.WRONG
    return ExitCode.LEAKS if is_anything_found else ExitCode.CLEAN
