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
"""Volumes, snapshots and images for the tests of the contract that need some, however many."""

import contextlib
from typing import Any

import requests

from tests.contract import callers

CINDER = "block-storage"
GLANCE = "image"
NOBODY = "00000000-0000-4000-8000-000000000000"
"""An id that nothing has."""
NEWEST = "3.71"


def volume(caller: callers.Caller, undo: contextlib.ExitStack, **fields: Any) -> Any:
    """A new, available volume of 1 GiB, gone with its snapshots when `undo` is closed."""
    body = {"volume": {"size": 1, "name": "contract", **fields}}
    made = caller.make(CINDER, "/v3/{project}/volumes", body, version=NEWEST)
    path = f"/v3/{{project}}/volumes/{made['id']}"
    undo.callback(caller.remove, CINDER, f"{path}?cascade=true")
    caller.await_status(CINDER, path, "available")
    return made


def snapshot(caller: callers.Caller, undo: contextlib.ExitStack, of: str, **fields: Any) -> Any:
    """A new, available snapshot of the volume, gone when `undo` is closed."""
    body = {"snapshot": {"volume_id": of, "name": "contract", **fields}}
    made = caller.make(CINDER, "/v3/{project}/snapshots", body, version=NEWEST)
    path = f"/v3/{{project}}/snapshots/{made['id']}"
    undo.callback(caller.remove, CINDER, path)
    caller.await_status(CINDER, path, "available")
    return made


def image(caller: callers.Caller, undo: contextlib.ExitStack, **fields: Any) -> Any:
    """A new image without data, gone when `undo` is closed."""
    formats = {"disk_format": "raw", "container_format": "bare"}
    made = caller.make(GLANCE, "/v2/images", {"name": "contract", **formats, **fields})
    undo.callback(caller.remove, GLANCE, f"/v2/images/{made['id']}")
    return made


def active_image(caller: callers.Caller, undo: contextlib.ExitStack, **fields: Any) -> Any:
    """A new image with five bytes, gone when `undo` is closed."""
    made = image(caller, undo, **fields)
    assert upload(caller, made["id"], b"hello").status_code == 204
    return made


def upload(caller: callers.Caller, key: str, data: bytes, *, to: str = "file") -> Any:
    """The answer to sending an image its data, or (``stage``) data to be imported."""
    headers = {"Content-Type": "application/octet-stream"}
    return caller.ask("PUT", GLANCE, f"/v2/images/{key}/{to}", data=data, headers=headers)


def says(answer: requests.Response, status: int, text: str = "") -> bool:
    """Whether it is this status, with the text in what is said; AssertionError tells what is."""
    told = answer.text
    if "json" in answer.headers.get("Content-Type", "") and answer.status_code >= 400:
        told = next(iter(answer.json().values()))["message"]
    assert (answer.status_code, text in told) == (status, True), f"{answer.status_code} {told}"
    return True
