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
"""The command line: one verb, one function."""

import argparse
import collections.abc
import dataclasses
import json
import os
import subprocess
import sys
import time

from controlplane import bringup
from controlplane import commands
from controlplane import errors
from controlplane import layout
from controlplane import sandbox
from controlplane import shutdown
from controlplane import status

DESCRIPTION = """\
A real OpenStack control plane on this machine: Keystone, Glance, Placement, Nova with two
computes, Neutron, Cinder, RabbitMQ and MariaDB, all on 127.0.0.1, all state below $SANDBOX_HOME
(default ~/.cleanupd-sandbox). Only hardware is pretended: servers, switches and disks. The first
"up" installs Debian packages (as root) and Python packages; later ones take seconds.
"""
EPILOG = """\
exit codes: 0 done; 1 failed, the message says what to do; 2 wrong usage; 3 not (wholly) up
"""


def main(arguments: collections.abc.Sequence[str]) -> int:
    """The exit code of one command; failures are told in a line or with the end of a log."""
    options = make_parser().parse_args(arguments)
    try:
        box = sandbox.open_sandbox(os.environ)
        return int(options.verb(box, options))
    except errors.SandboxError as error:
        print(f"sandbox: {error.describe()}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sandbox: interrupted; it is safe to run the command again", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1


def make_parser() -> argparse.ArgumentParser:
    """All verbs with their options."""
    parser = argparse.ArgumentParser(
        prog="sandbox",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(name: str, function: object, text: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(verb=function)
        return verb

    verb = add("up", up, "bring everything up; safe to repeat, quick when all is up")
    verb.add_argument(
        "extras", nargs="*", metavar="EXTRA",
        help="more services: ironic heat swift barbican designate octavia manila, or tap, which "
        "copies all notifications to a file; they belong to the sandbox until it is wiped",
    )  # fmt: skip
    verb.add_argument("--rally", action="store_true", help="install and set up Rally too")
    verb.add_argument("--migrate", action="store_true", help="run migrations, use no dumps")
    verb = add("down", down, "stop everything that was started")
    verb.add_argument("--wipe", action="store_true", help="forget databases, images, logs too")
    verb = add("status", show_status, "say which processes live and which APIs answer")
    verb.add_argument("--json", action="store_true", help="as JSON")
    add("env", env, 'print what to eval: eval "$(sandbox env)"')
    add("smoke", smoke, "use every service that is up, from end to end")
    add("dump", dump, "make the database dumps of the repository anew, by migrations")
    return parser


def up(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The sandbox is up, with the extras."""
    begun = time.monotonic()
    with box.locked():
        box.add_extras(options.extras)
        bringup.BringUp(box, rally=options.rally, migrate=options.migrate).run()
    print(
        f'up after {time.monotonic() - begun:.0f} s: eval "$({layout.TOOLS}/sandbox env)"',
        file=sys.stderr,
    )
    return 0


def down(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """Nothing of the sandbox runs."""
    with box.locked():
        names = shutdown.take_down(box, wipe=options.wipe)
    print(f"stopped {len(names)} processes", file=sys.stderr)
    return 0


def show_status(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """0 when every process lives and answers, else 3."""
    lines = status.observe(box)
    if options.json:
        print(json.dumps([dataclasses.asdict(line) for line in lines], indent=2))
    else:
        for line in lines:
            print(status.describe(line))
    return 0 if all(line.ready for line in lines) else errors.NotRunningError.exit_code


def env(box: sandbox.Sandbox, _options: argparse.Namespace) -> int:
    """The shell's lines are on standard output."""
    environment = {"OS_CLIENT_CONFIG_FILE": box.folders.clouds_yaml, "OS_CLOUD": "admin"}
    for name, value in environment.items():
        print(f"export {name}={value}")
    print(f"export SANDBOX_HOME={box.folders.home}")
    print(f'export PATH="{box.folders.venv}/bin:$PATH"')
    return 0


def smoke(box: sandbox.Sandbox, _options: argparse.Namespace) -> int:
    """The exit code of the smoke tests of all enabled services."""
    box.require_up()
    names = [service.name for service in box.enabled()]
    return run_script(box, "smoke.py", names)


def dump(box: sandbox.Sandbox, _options: argparse.Namespace) -> int:
    """The dumps of all services are new; the sandbox has to be empty, and is empty after."""
    with box.locked():
        box.add_extras(name for name, service in box.known.items() if service.extra)
        maker = bringup.BringUp(box, rally=False, migrate=True)
        for path in maker.dump():
            print(path)
    return 0


def run_script(box: sandbox.Sandbox, name: str, arguments: collections.abc.Sequence[str]) -> int:
    """The exit code of a script of ``cloud/``, run with openstacksdk as the administrator."""
    script = str(layout.TOOLS / "cloud" / name)
    environment = {**box.folders.environment(), **bringup.client_environment(box.folders)}
    command = [str(commands.python(box.folders)), script, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode
