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

"""Writes down each HTTP request of a process: with this folder in PYTHONPATH, Python loads it.

It stands below every client there is, so that all programs are counted alike. The file that
BENCHMARK_REQUESTS names gets a line of JSON for each answer: method, address, status, and when the
request was begun and answered, in seconds of the monotonic clock, which all processes share.
"""

import http.client
import json
import os
import pathlib
import time
import typing


def _count(path: str) -> None:
    connection: typing.Any = http.client.HTTPConnection
    begin, end = connection.putrequest, connection.getresponse

    def putrequest(
        self: typing.Any, method: str, url: str, *others: typing.Any, **more: typing.Any
    ) -> None:
        address = f"{self.host}:{self.port}{url}"
        self.counted = {"method": method, "address": address, "begun": time.monotonic()}
        begin(self, method, url, *others, **more)

    def getresponse(self: typing.Any, *arguments: typing.Any) -> typing.Any:
        response = end(self, *arguments)
        record = self.counted | {"status": response.status, "answered": time.monotonic()}
        # One write of a line: threads do not get into each other's.
        with pathlib.Path(path).open("a") as file:
            file.write(json.dumps(record) + "\n")
        return response

    connection.putrequest, connection.getresponse = putrequest, getresponse


if "BENCHMARK_REQUESTS" in os.environ:
    _count(os.environ["BENCHMARK_REQUESTS"])
