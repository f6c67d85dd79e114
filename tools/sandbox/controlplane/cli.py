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
from controlplane import conditions
from controlplane import errors
from controlplane import layout
from controlplane import rally
from controlplane import sandbox
from controlplane import shutdown
from controlplane import status
from controlplane import tasks
from controlplane import waiting

DESCRIPTION = """\
A real OpenStack control plane on this machine: Keystone, Glance, Placement, Nova with two
computes, Neutron, Cinder, RabbitMQ and MariaDB, all on 127.0.0.1, all state below $SANDBOX_HOME
(default ~/.cleanupd-sandbox). Only hardware is pretended: servers, switches and disks. The first
"up" installs Debian packages (as root) and Python packages; later ones take seconds.
"""
EPILOG = """\
exit codes: 0 done; 1 failed, the message says what to do; 2 wrong usage; 3 not (wholly) up
"""


TASK_HELP = f"a file, or one of: {' '.join(sorted(p.stem for p in tasks.FOLDER.glob('*.yaml')))}"
WHEN_HELP = "for example running,server>=3,iterations>=2"


def main(arguments: collections.abc.Sequence[str]) -> int:
    """The exit code of one command; failures are told in a line or with the end of a log."""
    options = make_parser().parse_args(arguments)
    try:
        box = sandbox.open_sandbox(os.environ)
        return int(options.verb(box, options))
    except errors.SandboxError as error:
        print(f"sandbox: {error.describe()}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sandbox: interrupted; it is safe to run the command again", file=sys.stderr)
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
    add_rally(add)
    add("inventory", inventory, "list everything in the cloud, a JSON object a line")
    verb = add("smoke", smoke, "use every service that is up, from end to end")
    verb.add_argument("services", nargs="*", metavar="SERVICE", help="only these")
    add("dump", dump, "make the database dumps of the repository anew, by migrations")
    return parser


def add_rally(add: collections.abc.Callable[..., argparse.ArgumentParser]) -> None:
    """The verbs around Rally."""
    verb = add("rally", run_rally, "run Rally, which is set up for this cloud")
    verb.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    verb = add("dirty", dirty, "start Rally tasks and kill each in the middle; prints JSON")
    verb.add_argument("tasks", nargs="+", metavar="TASK", help=TASK_HELP)
    verb.add_argument(
        "--leave", action="append", default=[], metavar="TASK", help="start it, do not kill it"
    )
    verb.add_argument("--when", metavar="CONDITION", help=f"{WHEN_HELP}; default: the file's own")
    add_timeout(verb)
    task = add("task", None, "start, watch and kill single Rally tasks; each prints JSON")
    verbs = task.add_subparsers(metavar="VERB", required=True)

    def add_task(name: str, function: object, text: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(verb=function)
        return verb

    verb = add_task("start", task_start, "start tasks, 2 s apart")
    verb.add_argument("tasks", nargs="+", metavar="TASK", help=TASK_HELP)
    verb.add_argument("--times", type=int, default=0, help="iterations of each workload")
    verb = add_task("wait", task_wait, "wait until a condition holds")
    verb.add_argument("uuid")
    verb.add_argument("--until", default="finished", metavar="CONDITION", help=WHEN_HELP)
    add_timeout(verb)
    verb = add_task("kill", task_kill, "kill tasks with SIGKILL")
    verb.add_argument("uuids", nargs="+", metavar="uuid")
    verb = add_task("report", task_report, "store rally's JSON report and print its path")
    verb.add_argument("uuid")
    add_task("list", task_list, "list the tasks that were started here")


def add_timeout(verb: argparse.ArgumentParser) -> None:
    """The option --timeout."""
    verb.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="default 300")


def up(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The sandbox is up, with the extras."""
    begun = time.monotonic()
    with box.locked():
        box.add_extras(options.extras)
        bringup.BringUp(box, with_rally=options.rally, migrate=options.migrate).run()
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


def smoke(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The exit code of the smoke tests of the named services, or of all enabled ones."""
    box.require_up()
    names = options.services or [service.name for service in box.enabled()]
    return run_script(box, "smoke.py", names)


def inventory(box: sandbox.Sandbox, _options: argparse.Namespace) -> int:
    """The listing is on standard output."""
    box.require_up()
    return run_script(box, "inventory.py", [service.name for service in box.enabled()])


def run_rally(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """Rally's exit code."""
    make_runner(box)
    return rally.run_in_foreground(box, options.arguments)


def dirty(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """Who was killed and who runs on is on standard output."""
    runner = make_runner(box)
    killed, left = tasks.dirty(
        runner, options.tasks, options.leave, when=options.when, timeout_s=options.timeout
    )
    result = {"killed": killed, "running": left}
    described = {
        key: [{**runner.describe(task), "report": str(runner.report(task))} for task in group]
        for key, group in result.items()
    }
    print(json.dumps(described, indent=2))
    return 0


def task_start(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The tasks run."""
    runner = make_runner(box)
    started = [runner.start(file, options.times) for file in options.tasks]
    return print_tasks(runner, started)


def task_wait(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The condition holds, or (1) did not in time, or the task ended without it."""
    terms = conditions.parse(options.until)
    runner = make_runner(box)
    task = runner.read(options.uuid)
    what = f"task {task.name} ({task.task}): {options.until}"
    waiting.wait_until(lambda: runner.has_reached(task, terms), what, timeout_s=options.timeout)
    return print_tasks(runner, [task])


def task_kill(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The tasks are dead, and Rally could do nothing about it."""
    runner = make_runner(box)
    return print_tasks(runner, [runner.kill(runner.read(uuid)) for uuid in options.uuids])


def task_report(box: sandbox.Sandbox, options: argparse.Namespace) -> int:
    """The report's path is on standard output."""
    runner = make_runner(box)
    print(runner.report(runner.read(options.uuid)))
    return 0


def task_list(box: sandbox.Sandbox, _options: argparse.Namespace) -> int:
    """All tasks are on standard output."""
    runner = make_runner(box)
    return print_tasks(runner, runner.read_all())


def make_runner(box: sandbox.Sandbox) -> tasks.Runner:
    """Rally is set up; the cloud has to be up."""
    box.require_up()
    with box.locked():
        rally.ensure(box)
    return tasks.Runner(box)


def print_tasks(runner: tasks.Runner, shown: collections.abc.Iterable[tasks.Task]) -> int:
    """The tasks are on standard output."""
    print(json.dumps([runner.describe(task) for task in shown], indent=2))
    return 0


def dump(box: sandbox.Sandbox, _options: argparse.Namespace) -> int:
    """The dumps of all services are new; the sandbox has to be empty, and is empty after."""
    with box.locked():
        box.add_extras(name for name, service in box.known.items() if service.extra)
        maker = bringup.BringUp(box, with_rally=False, migrate=True)
        for path in maker.dump():
            print(path)
    return 0


def run_script(box: sandbox.Sandbox, name: str, arguments: collections.abc.Sequence[str]) -> int:
    """The exit code of a script of ``cloud/``, run with openstacksdk as the administrator."""
    script = str(layout.TOOLS / "cloud" / name)
    environment = {**box.folders.environment(), **bringup.client_environment(box.folders)}
    command = [str(commands.python(box.folders)), script, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode
