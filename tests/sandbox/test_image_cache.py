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

"""A real Glance, whose image cache is on this machine."""

import json
import os
import pathlib
import subprocess
import sys
import time
import uuid

import pytest

from cleanupd import cloud as clouds
from cleanupd import image_cache
from cleanupd.image_cache import binding
from cleanupd.image_cache import clocks
from cleanupd.image_cache import glance
from cleanupd.image_cache import limits
from tests.sandbox import box

#: Two such images are more than the cache of the sandbox's Glance may hold.
SIZE = 1_000_000
DAY_S = 86400.0


@pytest.fixture
def cache():
    """Give the directory of Glance's cache."""
    return pathlib.Path(box.read_environment()["OS_CLIENT_CONFIG_FILE"]).parent.joinpath(
        "state", "glance", "cache"
    )


@pytest.fixture
def images(cloud):
    """Give two images that Glance has cached, since somebody has downloaded them."""
    made = [
        cloud.image.create_image(
            f"cleanupd-cache-{uuid.uuid4()}",
            data=os.urandom(SIZE),
            disk_format="raw",
            container_format="bare",
        )
        for _ in range(2)
    ]
    for image in made:
        assert len(cloud.image.download_image(image).content) == SIZE
    yield [image.id for image in made]
    for image in made:
        cloud.image.delete_image(image)


@pytest.fixture
def clean(cache, tmp_path):
    """Give a function that cleans Glance's cache and returns the exit code and the report."""
    file = tmp_path / "cleanupd.conf"
    file.write_text(
        f"[DEFAULT]\nstate_path = {tmp_path / 'state'}\n"
        f"[image_cache]\nmode = enforce\nrun_path = {tmp_path / 'run'}\n"
        f"[image_cache_glance]\ndirectory = {cache}\ncloud = admin\n"
    )

    def run(*words):
        command = [sys.executable, "-m", "cleanupd.cmd.cleanupctl", "--config-file", str(file)]
        asked = [*command, "image-cache", "clean", "glance", "--local", "-f", "json", *words]
        ended = subprocess.run(
            asked, capture_output=True, text=True, check=False, env=box.client_environment()
        )
        return ended.returncode, json.loads(ended.stdout), ended.stderr

    return run


def cached(cloud):
    """Return the ids that Glance has in its cache."""
    answer = cloud.image.get("/cache")
    assert answer.status_code == 200, answer.text
    return {row["image_id"] for row in answer.json()["cached_images"]}


def wait_until(condition):
    """Return when a condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_orphans_go_and_glance_prunes_the_rest(cloud, cache, images, tmp_path):
    """A file without a row goes after a day; what Glance knows goes only as Glance prunes it.

    No file can be made to look old, since its change time cannot be set: the clock is ahead.
    """
    wait_until(lambda: set(images) <= cached(cloud))
    orphan = cache / str(uuid.uuid4())
    orphan.write_bytes(b"x" * 4096)
    image_cache.bind(
        binding.Binding(
            limits={"glance": limits.Limits(directory=str(cache))},
            is_enforcing=True,
            clock=clocks.Clock(tmp_path, lambda: time.time() + 2 * DAY_S),
            glance=glance.CacheApi(lambda: clouds.Cloud.connect("admin")),
        )
    )
    report = glance.GlanceImageCache().clean_up()
    assert report.removed
    assert not report.alarms
    assert not orphan.exists()
    wait_until(lambda: len(cached(cloud) & set(images)) <= 1)
    assert {path.name for path in cache.iterdir() if path.is_file()} >= cached(cloud)


def test_a_young_orphan_keeps_glance_from_pruning(cloud, cache, images, clean):
    """While a file without a row may be somebody's, Glance is not sent into its endless loop."""
    wait_until(lambda: set(images) <= cached(cloud))
    orphan = cache / str(uuid.uuid4())
    orphan.write_bytes(b"x" * 4096)
    try:
        code, _, errors = clean()
        assert code == 1
        assert "Glance is not asked to prune" in errors
        assert orphan.exists()
        assert set(images) <= cached(cloud)
    finally:
        orphan.unlink()
