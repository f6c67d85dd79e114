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

"""Caches of other packages, found by their entry points alone."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.functional

ACME = """\
from oslo_config import cfg
from cleanupd import image_cache

@image_cache.cleanup(priority=60)
class AcmeCache(image_cache.ImageCache):
    NAME = "acme"
    ABOUT = "Acme's images"

class Nothing:
    pass

class Namesake(image_cache.ImageCache):
    NAME = "ironic_instance"

image_cache.cleanup(priority=99)(Namesake)

class Spaced(image_cache.ImageCache):
    NAME = "two words"

class Clashing(image_cache.ImageCache):
    NAME = "clashing"
    OPTS = (cfg.IntOpt("directory"),)

class Unfit(image_cache.ImageCache):
    NAME = "unfit"
    OPTS = ("an option",)

class Needy(image_cache.ImageCache):
    NAME = "needy"

    def __init__(self, where):
        super().__init__(where)

class Unlooked(image_cache.ImageCache):
    NAME = "unlooked"
    OPTS = None
"""
ENTRY_POINTS = """\
[cleanupd.image_caches]
acme = acme_caches:AcmeCache
broken = acme_caches:Missing
nothing = acme_caches:Nothing
namesake = acme_caches:Namesake
spaced = acme_caches:Spaced
clashing = acme_caches:Clashing
unfit = acme_caches:Unfit
needy = acme_caches:Needy
unlooked = acme_caches:Unlooked
asserting = acme_asserting:Cache
leaving = acme_leaving:Cache
"""
REFUSED = {
    "asserting": "AssertionError",
    "broken": "Missing",
    "clashing": "has options that there are already: directory",
    "leaving": "SystemExit",
    "namesake": "another cache is called ironic_instance, too",
    "needy": "cannot be made without where",
    "nothing": "no subclass of ImageCache",
    "spaced": "is called 'two words'",
    "unfit": "has an option that is none: 'an option'",
    "unlooked": "cannot be looked at, TypeError",
}


@pytest.fixture
def installed(tmp_path):
    """Give the environment of a process for which the package is installed."""
    packages = tmp_path / "packages"
    about = packages / "acme_caches-1.0.dist-info"
    about.mkdir(parents=True)
    (packages / "acme_caches.py").write_text(ACME)
    (packages / "acme_asserting.py").write_text("assert not 'this machine'")
    (packages / "acme_leaving.py").write_text("raise SystemExit(5)")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-caches\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return os.environ | {"PYTHONPATH": str(packages), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_a_packages_cache_is_listed_in_its_order(tmp_path, installed):
    """With options of its own; what its package has besides is no cache, and stops nothing."""
    place = tmp_path / "acme"
    place.mkdir()
    (place / "3b241101-e2bb-4255-8caf-4136c566a962").write_bytes(b"x" * 4096)
    file = tmp_path / "cleanupd.conf"
    file.write_text(f"[image_cache_acme]\ndirectory = {place}\n[image_cache]\nrun_path =\n")
    words = ["image-cache", "list", "--local", "--config-file", str(file), "-f", "json"]
    ended = subprocess.run(
        [sys.executable, "-m", "cleanupd.cmd.cleanupctl", *words],
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)
    order = [row["Cache"] for row in rows]
    assert order.index("ironic_iso") < order.index("acme") < order.index("ironic_instance")
    (acme,) = (row for row in rows if row["Cache"] == "acme")
    assert (acme["Priority"], acme["Files"], acme["Size"]) == (60, 1, 4096)
    assert not REFUSED.keys() & set(order)
    assert order.count("ironic_instance") == 1


def test_what_is_refused_is_told_before_an_upgrade(tmp_path, installed):
    """Each with its reason, and as a warning: the daemon starts without them."""
    file = tmp_path / "cleanupd.conf"
    file.write_text("[cloud]\nname = production\n")
    words = ["--config-file", str(file), "upgrade", "check", "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "cleanupd.cmd.status", *words],
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    checks = {one["check"]: one for one in json.loads(ended.stdout)["checks"]}
    assert checks["Image caches"]["result"] == 1
    for name, reason in REFUSED.items():
        (told,) = (
            part
            for part in checks["Image caches"]["details"].split("; plugin ")
            if f"'{name}' of" in part
        )
        assert reason in told
