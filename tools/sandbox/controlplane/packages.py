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
"""What is installed: Debian packages on the machine, Python packages in our own environments."""

import collections.abc
import contextlib
import hashlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

from controlplane import commands
from controlplane import errors
from controlplane import layout

VERSIONS = layout.TOOLS / "versions"
PLUGINS = layout.TOOLS / "plugins"
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# the sandbox installs packages: nothing is to be started\nexit 101\n"
CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def missing_from_debian(packages: collections.abc.Iterable[str]) -> list[str]:
    """Those of the packages that are not installed."""
    wanted = sorted(set(packages))
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${Status}\n", *wanted]
    output = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in output.splitlines() if line.endswith(" installed")}
    return [package for package in wanted if package not in installed]


def install_from_debian(
    folders: layout.Layout, packages: collections.abc.Iterable[str]
) -> str | None:
    """The Debian packages are installed, and none of their daemons was started."""
    missing = missing_from_debian(packages)
    if not missing:
        return None
    if os.geteuid():
        raise errors.SandboxError(f"run as root, or install first: {' '.join(missing)}")
    patience = ["--option", "DPkg::Lock::Timeout=120"]
    install = ["apt-get", *patience, "install", "--yes", "--no-install-recommends", *missing]
    with _daemons_kept_down():
        if any(pathlib.Path("/var/lib/apt/lists").glob("*_Packages*")):
            with contextlib.suppress(errors.SandboxError):
                _apt(folders, install)
                return f"installed {' '.join(missing)}"
        _apt(folders, ["apt-get", "update"])  # no lists, or lists too old for the archive
        _apt(folders, install)
    return f"installed {' '.join(missing)}"


def _apt(folders: layout.Layout, command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands.run(folders, "apt", command, environment=environment)


@contextlib.contextmanager
def _daemons_kept_down() -> collections.abc.Iterator[None]:
    if POLICY.exists():
        yield
        return
    POLICY.write_text(POLICY_TEXT)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def versions_hash() -> str:
    """A text that differs whenever the pinned versions or our plugins do."""
    plugins = sorted(path for path in PLUGINS.rglob("*") if path.suffix in {".py", ".toml"})
    content = b"".join(path.read_bytes() for path in (VERSIONS / "services.txt", *plugins))
    return hashlib.sha256(content).hexdigest()


def install_services(
    folders: layout.Layout, packages: collections.abc.Iterable[str]
) -> str | None:
    """The services' environment holds the packages, in the pinned versions, and our plugins.

    Packages of extras that were installed earlier stay.
    """
    stamp = folders.venv / "sandbox-stamp"
    present = stamp.read_text().split() if stamp.exists() else [""]
    wanted = sorted(set(packages))
    if present[0] == versions_hash() and set(wanted) <= set(present[1:]):
        return None
    wanted = sorted({*wanted, *present[1:]})
    constraints = VERSIONS / "services.txt"
    install(folders, folders.venv, constraints, wanted)
    source = folders.home / "plugins"  # a build writes beside its source
    shutil.copytree(PLUGINS, source, dirs_exist_ok=True)
    renew = ["--reinstall-package", "cloudfake", "--refresh-package", "cloudfake"]
    install(folders, folders.venv, constraints, [*renew, str(source)])
    stamp.write_text("\n".join([versions_hash(), *wanted]))
    return f"installed {' '.join(wanted)} from PyPI"


def install_rally(folders: layout.Layout) -> str | None:
    """Rally's environment holds Rally and its OpenStack plugins in the pinned versions."""
    constraints = VERSIONS / "rally.txt"
    stamp = folders.rally / "venv" / "sandbox-stamp"
    wanted = hashlib.sha256(constraints.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    packages = ["rally", "rally-openstack", "pymysql", "setuptools"]
    install(folders, folders.rally / "venv", constraints, packages)
    stamp.write_text(wanted)
    return "installed rally from PyPI"


def install(
    folders: layout.Layout,
    venv: pathlib.Path,
    constraints: pathlib.Path,
    arguments: collections.abc.Sequence[str],
) -> None:
    """The environment exists and uv's ``pip install`` of the arguments succeeded in it."""
    uv = _find_uv(folders)
    name = f"install-{venv.name}" if venv == folders.venv else "install-rally"
    environment = _uv_environment()
    python = venv / "bin" / "python"
    if not python.exists():
        create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)]
        commands.run(folders, name, create, environment=environment)
    options = ["--python", str(python), "--constraints", str(constraints), "--compile-bytecode"]
    command = [uv, "pip", "install", "--quiet", *options, *arguments]
    commands.run(folders, name, command, environment=environment)


def _find_uv(folders: layout.Layout) -> str:
    """The uv of the sandbox's own environment, installed into it by pip when missing."""
    uv = folders.home / "uv" / "bin" / "uv"
    if uv.exists():
        return str(uv)
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        install_from_debian(folders, [f"python{version}-venv"])
    environment = dict(os.environ)
    create = [sys.executable, "-m", "venv", str(folders.home / "uv")]
    commands.run(folders, "install-uv", create, environment=environment)
    requirements = str(VERSIONS / "uv.txt")
    pip = [str(uv.with_name("pip")), "install", "--quiet", "--requirement", requirements]
    commands.run(folders, "install-uv", pip, environment=environment)
    return str(uv)


def _uv_environment() -> dict[str, str]:
    """The caller's environment; uv trusts the machine's certificates and pip's index."""
    environment = dict(os.environ)
    if CERTIFICATES.exists():
        environment.setdefault("UV_SYSTEM_CERTS", "true")
    index = environment.get("PIP_INDEX_URL", "")
    if index and "UV_DEFAULT_INDEX" not in environment:
        environment["UV_DEFAULT_INDEX"] = index
    return environment
