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

"""Tests of the certificate in Rally's words, which the installed Rally judges."""

import datetime
import json
import os
import pathlib
import subprocess

import msgspec
import pytest

from cleanupd.core import certificate as certificates
from cleanupd.core import resources
from cleanupd.rally import cleanup

PYTHON = pathlib.Path(__file__).parents[3] / ".venv-rally" / "bin" / "python"
VALIDATE = """
import json, sys
import jsonschema
from rally.env import env_mgr
for found in json.load(sys.stdin):
    jsonschema.validate(found, env_mgr.EnvManager._CLEANUP_FORMAT)
print("valid")
"""


def certify(*, gone=None, left=(), doubts=()):
    """Return a certificate."""
    return certificates.Certificate(
        cloud="c",
        region="r",
        made_at=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        planned={},
        gone=gone or {},
        left=tuple(
            certificates.Left(
                ref=resources.Ref("c", "r", "compute.server", id_), name=None, reason="in use"
            )
            for id_ in left
        ),
        doubts=doubts,
    )


CLEAN = certify(gone={"compute.server": 2, "network.port": 1})
DIRTY = certify(gone={"compute.server": 2}, left=("a", "b"), doubts=("image was not listed",))


def test_what_is_gone_was_deleted():
    """By kind and in all."""
    found = cleanup.of_certificate(CLEAN)
    assert (found.message, found.discovered, found.deleted, found.failed) == ("Succeeded", 3, 3, 0)
    assert found.resources["network.port"] == cleanup.Counts(1, 1, 0)
    assert found.errors == ()


def test_what_is_left_has_failed():
    """With its reason; a kind that nobody could see is an error, too."""
    found = cleanup.of_certificate(DIRTY)
    assert found.resources == {"compute.server": cleanup.Counts(4, 2, 2)}
    assert (found.discovered, found.deleted, found.failed) == (4, 2, 2)
    assert found.errors[0] == cleanup.Error("image was not listed")
    assert found.errors[1] == cleanup.Error("in use", "compute.server", "a")
    assert found.message != "Succeeded"


@pytest.mark.rally
def test_rally_accepts_it():
    """Its own schema for what a platform's cleanup returns."""
    found = [cleanup.of_certificate(one) for one in (certify(), CLEAN, DIRTY)]
    ended = subprocess.run(
        [os.environ.get("RALLY_PYTHON", str(PYTHON)), "-c", VALIDATE],
        input=json.dumps(msgspec.to_builtins(found)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "valid\n", ended.stderr
