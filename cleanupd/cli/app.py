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

"""cleanupctl as a whole: finds the command, and turns what goes wrong into one line and a code."""

import argparse
import importlib.metadata
import logging
import os
import sys
import traceback
from typing import Any
from typing import NoReturn
from typing import TextIO

from cliff import app
from cliff import command
from cliff import commandmanager
from cliff import help as helping

from cleanupd import exceptions
from cleanupd.cli import exit_codes
from cleanupd.cli import text
from cleanupd.cli import watch

DESCRIPTION = """\
Finds and removes what a killed Rally left in an OpenStack cloud, and nothing else.

  look:    cleanupctl leaks list --os-cloud NAME
  sweep:   cleanupctl sweep start --os-cloud NAME --task UUID

With --os-cloud (or OS_CLOUD) a command works in this process: no daemon, no
message bus. With --config-file alone it asks the daemon that the file tells of.
Nothing is ever removed but by `sweep start`.
"""

EPILOG = """\
exit codes:
  0 clean   2 leaks found, or some left   1 anything wrong   130 interrupted
"""

#: In which order these come last in a help.
_LAST_GROUPS = {
    "output formatters": 1,
    "table formatter": 2,
    "json formatter": 3,
    "CSV Formatter": 4,
    "options of every command": 5,
}

_LEVELS = {0: logging.CRITICAL, 1: logging.ERROR, 2: logging.INFO}


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError, and takes no abbreviations of options."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **arguments
        )

    def format_help(self) -> str:
        """Return the help, with what a command has of its own before what all have."""
        self._action_groups.sort(key=lambda group: _LAST_GROUPS.get(group.title or "", 0))
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of leaving with argparse's code 2."""
        raise exceptions.UsageError(f"{message}; see `{self.prog} --help`")


def add_global_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command takes, before or after its name."""
    group = parser.add_argument_group("options of every command")
    group.add_argument(
        "--os-cloud",
        metavar="NAME",
        help="the cloud of clouds.yaml to work on, in this process"
        " (default: OS_CLOUD, unless --config-file tells of a daemon)",
    )
    group.add_argument(
        "--os-region-name",
        metavar="REGION",
        default=os.environ.get("OS_REGION_NAME"),
        help="the region of the cloud (default: OS_REGION_NAME, else the only one)",
    )
    group.add_argument(
        "--config-file",
        metavar="FILE",
        action="append",
        default=[],
        help="options of cleanupd, can be repeated (default: /etc/cleanupd/cleanupd.conf)",
    )
    group.add_argument(
        "--state-dir",
        metavar="DIRECTORY",
        help="where sweeps of this process are kept (default: ~/.local/state/cleanupd)",
    )
    group.add_argument(
        "--progress",
        choices=watch.STYLES,
        default="auto",
        help="how to show progress on stderr (default: bars on a terminal, else lines)",
    )
    volume = group.add_mutually_exclusive_group()
    volume.add_argument(
        "-v",
        "--verbose",
        dest="verbose_level",
        action="count",
        default=1,
        help="log to stderr; twice for each request",
    )
    volume.add_argument(
        "-q",
        "--quiet",
        dest="verbose_level",
        action="store_const",
        const=0,
        help="say nothing on stderr but errors",
    )
    group.add_argument("--debug", action="store_true", help="show tracebacks of errors")


class Commands(commandmanager.CommandManager):
    """The commands by name, imported when they are needed.

    cliff's own imports all of them at the start, and forgets those that it cannot import.
    """

    def load_commands(self, namespace: str) -> None:
        """Find the commands of a namespace."""
        self.group_list.append(namespace)
        for found in importlib.metadata.entry_points(group=namespace):
            self.commands[found.name.replace("_", " ")] = found

    def find_command(self, argv: list[str]) -> tuple[type[command.Command], str, list[str]]:
        """Return what cliff's own does; raises CleanupdError where it cannot be imported."""
        try:
            return super().find_command(argv)
        except (ImportError, SyntaxError) as error:
            raise exceptions.CleanupdError(
                f"{' '.join(argv[:2])} cannot be loaded, install cleanupd anew: {error!r}"
            ) from error


class Cleanupctl(app.App):
    """The application; commands come from the entry points in ``cleanupd.cli``."""

    NAME = "cleanupctl"

    def __init__(self) -> None:
        super().__init__(
            description=DESCRIPTION,
            version=None,
            command_manager=Commands("cleanupd.cli"),
            deferred_help=True,
        )

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,  # noqa: ARG002 - asked for only when it is to be shown
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> argparse.ArgumentParser:
        """Return the parser of the options of every command."""
        parser = Parser(
            prog=self.NAME,
            usage="%(prog)s COMMAND [OPTION ...]",
            description=description,
            epilog=EPILOG,
            add_help=False,
            **(argparse_kwargs or {}),
        )
        parser.add_argument(
            "-h",
            "--help",
            dest="deferred_help",
            action="store_true",
            help="show this, or with a command its own help",
        )
        parser.add_argument(
            "--version", action="store_true", dest="is_version_asked", help="show the version"
        )
        add_global_options(parser)
        return parser

    def run(self, argv: list[str]) -> int:
        """Run one command and return its exit code; raises nothing."""
        try:
            code = self._run(argv)
            self.stdout.flush()
        except SystemExit as left:
            return exit_codes.ExitCode.WRONG if left.code else exit_codes.ExitCode.CLEAN
        except BrokenPipeError:
            # Who read the output has enough. Python would complain at exit, too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return exit_codes.ExitCode.WRONG
        except KeyboardInterrupt:
            return self._fail("interrupted", exit_codes.ExitCode.INTERRUPTED)
        except exceptions.CleanupdError as error:
            return self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - a boundary: one line and a 1, whatever it is
            return self._fail(f"unexpected {type(error).__name__}: {error} (--debug shows where)")
        return code

    def say(self, line: str) -> None:
        """Tell people something on stderr, unless they want quiet."""
        if self.options.verbose_level:
            self._write(line)

    def warn(self, line: str) -> None:
        """Tell people on stderr what is wrong, even if they want quiet."""
        self._write(f"{self.NAME}: warning: {line}")

    def _run(self, argv: list[str]) -> int:
        self.options, rest = self.parser.parse_known_args(argv)
        # A variable that is left over in a shell must not turn a question to
        # a daemon, with its mode and its limits, into a removal of our own.
        if self.options.os_cloud is None and not self.options.config_file:
            self.options.os_cloud = os.environ.get("OS_CLOUD")
        self.configure_logging()
        if self.options.is_version_asked:
            self.stdout.write(f"{self.NAME} {importlib.metadata.version('cleanupd')}\n")
            return exit_codes.ExitCode.CLEAN
        if self.options.deferred_help:
            self.options.deferred_help = False
            rest.insert(0, "help")
        if not rest:
            raise exceptions.UsageError("a command is missing; see `cleanupctl --help`")
        return self.run_subcommand(rest)

    def run_subcommand(self, argv: list[str]) -> int:
        """Run the command that the arguments begin with; unlike cliff's, raises what it raises."""
        try:
            factory, name, rest = self.command_manager.find_command(argv)
        except ValueError as error:
            raise self._unknown(argv) from error
        if factory is helping.HelpCommand and rest:
            self._check_known(rest)
        command = factory(self, self.options, cmd_name=name)
        parser = command.get_parser(f"{self.NAME} {name}")
        return command.run(parser.parse_args(rest))

    def _check_known(self, argv: list[str]) -> None:
        if not any(name.startswith(argv[0]) for name, _ in self.command_manager):
            raise self._unknown(argv)

    def _unknown(self, argv: list[str]) -> exceptions.UsageError:
        if argv[0].startswith("-"):
            return exceptions.UsageError(f"unknown option {argv[0]}; see `cleanupctl --help`")
        words = [word for word in argv if not word.startswith("-")]
        known = sorted(name for name, _ in self.command_manager)
        near = [name for name in known if name.split()[0] == words[0]] or known
        return exceptions.UsageError(
            f"there is no command {' '.join(words[:2])!r}: give one of {', '.join(near)}"
        )

    def _fail(self, message: str, code: int = exit_codes.ExitCode.WRONG) -> int:
        if hasattr(self, "options") and self.options.debug:
            self._write(traceback.format_exc())
        self._write(f"{self.NAME}: error: {' '.join(message.split())}")
        return code

    def _write(self, message: str) -> None:
        # What stderr is at the moment: a moving bar puts itself in between.
        sys.stderr.write(text.printable(message, keep="\n") + "\n")
        sys.stderr.flush()

    def configure_logging(self) -> None:
        """Send what the libraries log to stderr: errors, or more as often as -v is given."""
        handler = _Handler()
        handler.setFormatter(_Formatter(has_traceback=self.options.debug))
        handler.setLevel(_LEVELS.get(self.options.verbose_level, logging.DEBUG))
        logging.basicConfig(handlers=[handler], level=handler.level, force=True)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Formatter(logging.Formatter):
    """One line a message, without what a terminal would act on."""

    def __init__(self, *, has_traceback: bool) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._has_traceback = has_traceback

    def format(self, record: logging.LogRecord) -> str:
        if self._has_traceback:
            return text.printable(super().format(record), keep="\n")
        record.message = record.getMessage()
        return text.printable(self.formatMessage(record))
