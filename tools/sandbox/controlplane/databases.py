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
"""The services' databases: restored from dumps, or made by the services' own migrations.

Migrations from nothing cost a minute of computing, a dump of their result a second. A dump is used
only when it was made by the very versions and commands that are in force now; otherwise migrations
run.
"""

import collections.abc
import hashlib
import json
import lzma
import pathlib
import subprocess

from controlplane import commands
from controlplane import errors
from controlplane import layout
from controlplane import packages
from controlplane import services

DUMPS = layout.TOOLS / "dumps"
FINGERPRINTS = DUMPS / "fingerprints.json"
LOGIN = (f"-h{layout.IP}", f"-P{layout.DATABASE_PORT}", "-uroot", f"-p{layout.PASSWORD}")


def ensure(
    folders: layout.Layout, service: services.Service, *, migrate: bool = False
) -> str | None:
    """The service's databases exist and have the schema of its version.

    ``migrate`` leaves the dumps aside.
    """
    marker = folders.state / "databases" / service.name
    if not service.databases or marker.exists():
        return None
    for name in service.databases:
        query(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb3")
    dump = None if migrate else find_dump(folders, service)
    if dump is not None:
        restore(dump)
    else:
        for command in service.migrate:
            commands.run(folders, f"database-{service.name}", command)
    marker.parent.mkdir(exist_ok=True)
    marker.touch()
    return f"{service.name}: database {'restored' if dump else 'migrated'}"


def find_dump(folders: layout.Layout, service: services.Service) -> pathlib.Path | None:
    """The dump that equals the result of the service's migrations, None where there is none."""
    path = DUMPS / f"{service.name}.sql.xz"
    if path.exists() and _fingerprints().get(service.name) == fingerprint(folders, service):
        return path
    return None


def fingerprint(folders: layout.Layout, service: services.Service) -> str:
    """A text that differs whenever the migrations' result might: versions, commands, names."""
    versions = (packages.VERSIONS / "services.txt").read_text()
    command_lines = " ".join(service.migrate).replace(str(folders.home), "HOME")
    content = json.dumps([versions, service.databases, command_lines])
    return hashlib.sha256(content.encode()).hexdigest()


def restore(path: pathlib.Path) -> None:
    """The dump's databases are as they were when it was made."""
    sql = lzma.decompress(path.read_bytes())
    command = ["mariadb", "--no-defaults", *LOGIN]
    ended = subprocess.run(command, input=sql, capture_output=True, check=False)
    if ended.returncode:
        raise errors.SandboxError(f"cannot restore {path}: {ended.stderr.decode().strip()}")


def dump(folders: layout.Layout, chosen: collections.abc.Iterable[services.Service]) -> list[str]:
    """The repository's dumps hold what the services' databases hold now; their paths.

    It makes sense right after migrations only, before anything else has written: ``sandbox dump``
    sees to that.
    """
    fingerprints = _fingerprints()
    paths = []
    for service in chosen:
        options = ["--skip-dump-date", "--skip-comments", "--single-transaction"]
        options += ["--order-by-primary", "--databases", *service.databases]
        command = ["mariadb-dump", "--no-defaults", *LOGIN, *options]
        ended = subprocess.run(command, capture_output=True, check=False)
        if ended.returncode:
            raise errors.SandboxError(f"cannot dump {service.name}: {ended.stderr.decode()}")
        path = DUMPS / f"{service.name}.sql.xz"
        path.write_bytes(lzma.compress(ended.stdout, preset=9 | lzma.PRESET_EXTREME))
        fingerprints[service.name] = fingerprint(folders, service)
        paths.append(str(path))
    FINGERPRINTS.write_text(json.dumps(fingerprints, indent=2, sort_keys=True) + "\n")
    return paths


def query(sql: str) -> list[list[str]]:
    """The rows with which the SQL server answers, as texts."""
    command = ["mariadb", "--no-defaults", *LOGIN, "--batch", "--skip-column-names", "-e", sql]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise errors.SandboxError(f"the SQL server refused: {ended.stderr.strip()}")
    return [line.split("\t") for line in ended.stdout.splitlines()]


def _fingerprints() -> dict[str, str]:
    return json.loads(FINGERPRINTS.read_text()) if FINGERPRINTS.exists() else {}
