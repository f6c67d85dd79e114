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
"""Minimal copies of the identity and of the code by which services' repositories are told.

Names, entry points and places are those of the repositories on opendev.org in
August 2026: nova, neutron, keystone, cinder, ironic and glance tell their
metadata in ``pyproject.toml``, the others in ``setup.cfg``.
"""

import pathlib

from cleanupd.rally_jobs import repository
from cleanupd.rally_jobs import services

SERVICES = tuple(services.load().services)
_IN_PYPROJECT = ("nova", "neutron", "keystone", "cinder", "ironic", "glance")
_PROGRAMS = {
    "nova": ("nova-compute", "nova-conductor", "nova-scheduler"),
    "cinder": ("cinder-api", "cinder-scheduler", "cinder-volume"),
    "neutron": (),
    "ironic": ("ironic", "ironic-conductor"),
    "swift": ("swift-proxy-server", "swift-object-server"),
    "heat": ("heat-engine", "heat-api"),
    "keystone": ("keystone-manage",),
    "glance": ("glance-api", "glance-manage"),
    "trove": ("trove-api", "trove-conductor", "trove-taskmanager"),
    "zaqar": ("zaqar-gc", "zaqar-server"),
}


def make(root: pathlib.Path, service: str, *, name: str = "") -> repository.Repository:
    """Make what tells a service's repository; its distribution may have another name."""
    distribution = name or {"heat": "openstack-heat"}.get(service, service)
    root.mkdir(exist_ok=True)
    (root / ".gitreview").write_text(
        f"[gerrit]\nhost=review.opendev.org\nport=29418\nproject=openstack/{name or service}.git\n"
    )
    make_code(root, service)
    if service in _IN_PYPROJECT:
        (root / "setup.cfg").write_text(f"[metadata]\nname = {distribution}\n")
        (root / "pyproject.toml").write_text(_pyproject(service, distribution))
    else:
        (root / "setup.cfg").write_text(_setup_cfg(service, distribution))
    return repository.Repository(root)


def make_code(root: pathlib.Path, service: str) -> None:
    """Make a service's package with what marks it."""
    (root / services.load().services[service].marker).mkdir(parents=True)
    (root / service / "__init__.py").touch()


def _pyproject(service: str, distribution: str) -> str:
    scripts = "".join(f'{one} = "{service}.cmd:main"\n' for one in _PROGRAMS[service])
    plugins = '[project.entry-points."neutron.core_plugins"]\nml2 = "neutron.plugins.ml2:Plugin"\n'
    return (
        f'[project]\nname = "{distribution}"\ndescription = "OpenStack"\n'
        f"[project.scripts]\n{scripts}{plugins if service == 'neutron' else ''}"
    )


def _setup_cfg(service: str, distribution: str) -> str:
    programs = _PROGRAMS[service]
    if service == "swift":
        scripts = "".join(f"    bin/{one}\n" for one in programs)
        return f"[metadata]\nname = {distribution}\n[files]\nscripts =\n{scripts}"
    scripts = "".join(f"    {one} = {service}.cmd:main\n" for one in programs)
    return f"[metadata]\nname = {distribution}\n[entry_points]\nconsole_scripts =\n{scripts}"
