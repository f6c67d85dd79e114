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

"""cleanupctl as a whole."""

from importlib import metadata
import logging
import subprocess
import sys

from cliff import commandmanager
import pytest

from cleanupd import exceptions
from cleanupd.cli import app
from cleanupd.cli import exit_codes

COMMANDS = sorted(
    point.name.replace("_", " ") for point in metadata.entry_points(group="cleanupd.cli")
)
ALL = [*COMMANDS, "help", "complete"]
#: What a command must be given before it looks at its options.
GIVEN = {
    "baseline diff": ["FILE"],
    "baseline save": ["FILE", "--project", "x"],
    "image-cache show": ["ironic_instance"],
    "kinds show": ["image.image"],
    "leaks explain": ["image.image", "ID"],
    "sweep cancel": ["ID"],
    "protection add": ["--reason", "x"],
    "protection remove": ["ID"],
    "rally-jobs check": ["."],
    "rally-jobs compare": ["old.json", "new.json"],
    "rally-jobs detect": ["."],
    "rally-jobs generate": ["."],
}


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Let no cloud and no configuration be known."""
    for name in ("OS_CLOUD", "OS_REGION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def run(capsys, *words):
    """Run a command and return its code and what it printed."""
    code = app.Cleanupctl().run(list(words))
    return (code, *capsys.readouterr())


def test_the_commands_are_those_of_the_documentation():
    """What the documents speak of is there."""
    assert COMMANDS == [
        "baseline diff",
        "baseline save",
        "baseline sweep",
        "budget show",
        "daemon list",
        "db current",
        "db upgrade",
        "image-cache clean",
        "image-cache list",
        "image-cache show",
        "kinds list",
        "kinds show",
        "leaks explain",
        "leaks list",
        "model show",
        "model stats",
        "model sync",
        "model trust",
        "protection add",
        "protection list",
        "protection remove",
        "rally-jobs check",
        "rally-jobs compare",
        "rally-jobs detect",
        "rally-jobs generate",
        "rally-jobs leaks",
        "schedule list",
        "sweep cancel",
        "sweep list",
        "sweep show",
        "sweep start",
        "verify",
        "workloads list",
    ]


@pytest.mark.parametrize("command", ALL)
def test_an_unknown_flag_is_a_usage_error(capsys, command):
    """Every command takes an unknown option for an error, in one line, with code 1."""
    code, out, err = run(capsys, *command.split(), *GIVEN.get(command, ()), "--no-such-flag")
    assert code == 1
    assert out == ""
    assert "--no-such-flag" in err.splitlines()[-1]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_usage_error_is_one_line_that_tells_where_to_look(capsys, command):
    """The line names the help of the command."""
    _, _, err = run(capsys, *command.split(), *GIVEN.get(command, ()), "--no-such-flag")
    assert err == (
        "cleanupctl: error: unrecognized arguments: --no-such-flag;"
        f" see `cleanupctl {command} --help`\n"
    )


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"rally-jobs generate"}))
def test_an_unknown_format_is_a_usage_error(capsys, command):
    """Formats are chosen from a list."""
    code, _, err = run(capsys, *command.split(), "-f", "xml")
    assert code == 1
    assert "invalid choice: 'xml'" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_examples(capsys, command):
    """Help goes to stdout with code 0, asked for in either way, and teaches."""
    code, out, err = run(capsys, *command.split(), "--help")
    assert (code, err) == (0, "")
    # Image caches are a node's, and no cloud's.
    where = "--local" if command.startswith("image-cache") else "--os-cloud NAME"
    assert f"  cleanupctl {command} " in out
    assert where in out
    assert "exit codes:\n  0 " in out
    assert run(capsys, "help", *command.split()) == (code, out, err)


def test_the_help_lists_all_commands(capsys):
    """Without a command the help is that of all."""
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    assert all(f"\n  {command} " in out for command in COMMANDS)
    assert run(capsys, "help")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a command is missing; see `cleanupctl --help`"),
        (("--os-cloud", "x"), "a command is missing"),
        (("--bogus", "leaks", "list"), "unknown option --bogus"),
        (("leaks",), "there is no command 'leaks': give one of leaks explain, leaks list"),
        (("sweep",), "give one of sweep cancel, sweep list, sweep show, sweep start"),
        (("sweep", "stop"), "there is no command 'sweep stop': give one of sweep cancel"),
        (("purge", "-x"), "there is no command 'purge': give one of baseline diff, baseline save"),
        (("help", "purge"), "there is no command 'purge'"),
        (("leaks", "list", "extra"), "unrecognized arguments: extra"),
        (("leaks", "list", "--os-cloud"), "expected one argument"),
        (("leaks", "list", "--os-clou", "x"), "unrecognized arguments: --os-clou"),
        (("-q", "-v", "leaks", "list"), "not allowed with argument"),
    ],
)
def test_what_is_no_command_is_a_usage_error(capsys, words, said):
    """One line says what there is; the code is 1."""
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert said in err


def test_no_command_is_interactive(capsys):
    """Nothing ever waits for input."""
    assert run(capsys)[0] == 1


def test_the_version_is_told(capsys):
    """The version is that of the package."""
    expected = f"cleanupctl {metadata.version('cleanupd')}\n"
    assert run(capsys, "--version") == (0, expected, "")


class _Raising(app.Cleanupctl):
    """An application whose command raises."""

    def __init__(self, error):
        """Keep what is raised."""
        super().__init__()
        self._error = error

    def run_subcommand(self, argv):
        """Raise."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (exceptions.Refused("first\nsecond \x1b[31m"), 1, r"error: first second \x1b[31m"),
        (ValueError("a\nbug"), 1, "error: unexpected ValueError: a bug (--debug shows where)"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
    ],
)
def test_whatever_goes_wrong_is_one_line(capsys, error, code, line):
    """An error is one line that a terminal only shows; a bug is told as such."""
    assert _Raising(error).run(["verify"]) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"cleanupctl: {line}\n")


def test_debug_shows_where(capsys):
    """With --debug there is a traceback."""
    _Raising(ValueError("x")).run(["verify", "--debug"])
    assert capsys.readouterr().err.startswith("Traceback")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], ["ERROR x: failed \\x1b"]),
        (["-v"], ["INFO x: so far", "ERROR x: failed \\x1b"]),
        (["-vv"], ["DEBUG x: details", "INFO x: so far", "ERROR x: failed \\x1b"]),
        (["-q"], []),
    ],
)
def test_the_log_is_as_long_as_it_is_asked_for(capsys, options, shown):
    """Libraries log to stderr, a line each, and without tracebacks."""
    application = app.Cleanupctl()
    application.options = application.parser.parse_args(options)
    application.configure_logging()
    log = logging.getLogger("x")
    log.debug("details")
    log.info("so far")
    log.error("failed \x1b", exc_info=ValueError("x"))
    assert capsys.readouterr().err.splitlines() == shown


def test_commands_are_found_by_the_beginning_of_their_words():
    """As cliff does it, and never more than one."""
    manager = commandmanager.CommandManager("cleanupd.cli")
    assert manager.find_command(["leaks", "li"])[1] == "leaks li"


def test_exit_codes():
    """What is found counts only if everything was seen."""
    judge = exit_codes.judge
    assert judge(is_anything_found=False, is_complete=True) == 0
    assert judge(is_anything_found=True, is_complete=True) == 2
    assert judge(is_anything_found=True, is_complete=False) == 1
    assert judge(is_anything_found=False, is_complete=False) == 1


def test_a_command_that_cannot_be_loaded_says_so(capsys):
    """A broken installation is told as such, and does not hide the command."""
    broken = metadata.EntryPoint("leaks list", "cleanupd.cli.nowhere:Nothing", "cleanupd.cli")
    application = app.Cleanupctl()
    application.command_manager.commands["leaks list"] = broken
    assert application.run(["leaks", "list"]) == exit_codes.ExitCode.WRONG
    error = capsys.readouterr().err
    assert "leaks list cannot be loaded" in error
    assert "cleanupd.cli.nowhere" in error


def test_a_command_imports_no_other():
    """Whoever asks for one thing does not wait for the rest."""
    ask = "import sys; from cleanupd.cli import app; app.Cleanupctl().command_manager.find_command"
    check = "(['leaks', 'list']); print('cleanupd.cli.sweep_start' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", ask + check], check=True, stdout=subprocess.PIPE)
    assert asked.stdout == b"False\n"
