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
"""``up``: from whatever is there to a cloud that works. Each step is done only where needed."""

import functools
import hashlib
import pathlib
import shutil
import signal
import subprocess

from controlplane import catalog
from controlplane import commands
from controlplane import databases
from controlplane import errors
from controlplane import graph
from controlplane import layout
from controlplane import packages
from controlplane import processes
from controlplane import rally
from controlplane import sandbox
from controlplane import services
from controlplane import shutdown
from controlplane import templates
from controlplane import waiting

START_TIMEOUT_S = 240
# Several services authenticate when they start, and end when their user does not exist yet.
USUALLY_AFTER = ("rabbitmq", "memcached", "catalog")


class BringUp:
    """The steps of one ``up``, and what they need to know of each other."""

    def __init__(self, box: sandbox.Sandbox, *, with_rally: bool, migrate: bool = False) -> None:
        self.box = box
        self.with_rally = with_rally
        self.migrate = migrate
        self.chosen = box.enabled()
        self.graph = graph.Graph()
        self.keystone = box.values["keystone.url"]

    def run(self) -> None:
        """The sandbox is up; the first step that failed is raised."""
        self._add_installation()
        for service in self.chosen:
            self._add_service(service)
        processes_ready = [process.name for process in self.box.expected()]
        self.graph.add("catalog", self._ensure_catalog, ["keystone"])
        self.graph.add("seed", self._seed, ["catalog", *processes_ready])
        self.graph.run()

    def dump(self) -> list[str]:
        """The repository's dumps are what the migrations of the chosen services make; their paths.

        Only for a sandbox without databases; it has none afterwards.
        """
        if (self.box.folders.state / "databases").exists():
            raise errors.SandboxError("this sandbox has databases: run sandbox down --wipe first")
        self._add_installation()
        with_databases = [service for service in self.chosen if service.databases]
        needed = ("mariadb", "memcached")  # keystone-manage asks its cache
        for service in [*with_databases, *(self.box.known[name] for name in needed)]:
            self._add_service(service)
        for process in self.box.expected():
            if process.name not in needed:
                self.graph.discard(process.name)
        self.graph.run()
        paths = databases.dump(self.box.folders, with_databases)
        shutdown.take_down(self.box, wipe=True)
        return paths

    def _add_installation(self) -> None:
        debian = [package for service in self.chosen for package in service.debian]
        python = [package for service in self.chosen for package in service.python]
        folders = self.box.folders
        install_debian = functools.partial(packages.install_from_debian, folders, debian)
        install_services = functools.partial(packages.install_services, folders, python)
        self.graph.add("debian", install_debian)
        self.graph.add("python", install_services)
        if self.with_rally:
            self.graph.add("rally", functools.partial(rally.ensure, self.box), ["catalog"])

    def _add_service(self, service: services.Service) -> None:
        name = service.name
        installed = ["debian"] if service.is_infrastructure else ["debian", "python"]
        self.graph.add(f"configure {name}", functools.partial(self._configure, service), installed)
        self.graph.add(
            f"database {name}",
            functools.partial(self._ensure_databases, service),
            [f"configure {name}", "mariadb", "memcached"] if service.databases else [],
        )
        usual = () if service.is_infrastructure else USUALLY_AFTER
        for process in service.processes:
            needs = [f"configure {name}", f"database {name}", *(process.after or usual)]
            self.graph.add(process.name, functools.partial(self._ensure_process, process), needs)

    def _configure(self, service: services.Service) -> None:
        folders, name = self.box.folders, service.name
        for directory in service.directories:
            pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
        for packaged in service.packaged:
            _copy(folders.venv / "etc" / packaged, folders.etc / packaged)
        templates.render_folder(service.folder / "etc", folders.etc / name, self.box.values)
        _link(folders.etc / "home" / f".{name}", folders.etc / name)
        for process in service.processes:
            if process.wsgi and service.endpoint:
                values = {
                    "ip": layout.IP,
                    "port": str(service.endpoint.port),
                    "module": process.wsgi,
                }
                text = (templates.FRAGMENTS / "uwsgi.ini").read_text()
                templates.write(self.box.uwsgi_ini(process), templates.render(text, values))
        for prepare in service.prepare:
            if not pathlib.Path(prepare.creates).exists():
                commands.run(folders, f"prepare-{name}", prepare.command)

    def _ensure_databases(self, service: services.Service) -> str | None:
        return databases.ensure(self.box.folders, service, migrate=self.migrate)

    def _ensure_process(self, process: services.Process) -> str | None:
        """The process runs with the present configuration and is ready; a running one may stay."""
        table, fingerprint = self.box.table, self._fingerprint(process)
        record = table.read(process.name)
        is_current = record is not None and record.fingerprint == fingerprint
        if is_current and table.is_running(process.name):
            self._wait_until_ready(process, None)
            return None
        table.stop(process.name)
        self._require_free_ports(process)
        environment = {**self.box.folders.environment(), **process.environment}
        command = self.box.command(process)
        started = table.start(process.name, command, environment, fingerprint)
        self._wait_until_ready(process, started)
        return f"{process.name} is up"

    def _wait_until_ready(
        self, process: services.Process, started: subprocess.Popen[bytes] | None
    ) -> None:
        log = self.box.table.log(process.name)

        def is_ready() -> bool:
            self._require_running(process, started)
            return self.box.is_ready(process)

        what = f"{process.name} to get ready"
        try:
            waiting.wait_until(
                is_ready, what, timeout_s=START_TIMEOUT_S, cancelled=self.graph.cancelled
            )
        except waiting.CancelledError:
            raise
        except errors.SandboxError as error:
            raise errors.SandboxError(str(error), log=error.log or log) from error

    def _require_running(
        self, process: services.Process, started: subprocess.Popen[bytes] | None
    ) -> None:
        if not self.box.table.is_running(process.name):
            log = self.box.table.log(process.name)
            how = _describe_end(started)
            raise errors.SandboxError(f"{process.name} {how} while starting", log=log)

    def _require_free_ports(self, process: services.Process) -> None:
        service = self.box.known[process.service]
        port = service.endpoint.port if service.endpoint and process.wsgi else 0
        port = port or process.ready.port or process.ready.amqp
        if port and waiting.port_answers(port):
            who = processes.find_listener(port) or "an unknown process"
            raise errors.SandboxError(
                f"{process.name} needs port {port}, where {who} listens; is another sandbox up?"
            )

    def _fingerprint(self, process: services.Process) -> str:
        """A text that differs whenever a restart would make the process behave differently."""
        folder = self.box.folders.etc / process.service
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        if process.wsgi:
            files.append(self.box.uwsgi_ini(process))
        parts = [repr((self.box.command(process), sorted(process.environment.items()))).encode()]
        parts += [path.read_bytes() for path in files if path.suffix not in {".gz", ".builder"}]
        if not self.box.known[process.service].is_infrastructure:
            parts.append(packages.versions_hash().encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def _ensure_catalog(self) -> str | None:
        folders = self.box.folders
        template = (layout.TOOLS / "cloud" / "clouds.yaml").read_text()
        templates.write(folders.clouds_yaml, templates.render(template, self.box.values))
        return catalog.ensure(self.chosen, self.keystone)

    def _seed(self) -> str | None:
        script = str(layout.TOOLS / "cloud" / "seed.py")
        names = [service.name for service in self.chosen]
        python = str(commands.python(self.box.folders))
        environment = client_environment(self.box.folders)
        commands.run(
            self.box.folders,
            "seed",
            [python, script, *names],
            environment=environment,
            meanwhile=self._require_all_running,
        )
        return "seeded; the cloud works"

    def _require_all_running(self) -> None:
        for process in self.box.expected():
            self._require_running(process, None)


def client_environment(folders: layout.Layout) -> dict[str, str]:
    """What a client needs to find the cloud as its administrator."""
    return {
        "OS_CLIENT_CONFIG_FILE": str(folders.clouds_yaml),
        "OS_CLOUD": "admin",
        "PYTHONPATH": str(layout.TOOLS),
    }


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _link(link: pathlib.Path, target: pathlib.Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target)


def _describe_end(started: subprocess.Popen[bytes] | None) -> str:
    code = started.poll() if started else None
    if code is None:
        return "ended"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
