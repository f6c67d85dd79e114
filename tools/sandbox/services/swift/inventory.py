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
"""Containers of every account, also of those whose projects are gone."""

import http
import os
import pathlib
import sqlite3

from openstack import exceptions


def list_all(admin):
    """The containers of all accounts that Swift ever made.

    Its API lists those of one account, so the accounts are read from their databases. The
    administrator is a reseller's and may look into any.
    """
    base = admin.object_store.get_endpoint().rpartition("/")[0]
    for account in sorted(_accounts()):
        answer = admin.object_store.get(f"{base}/{account}?format=json")
        if answer.status_code != http.HTTPStatus.NOT_FOUND:
            exceptions.raise_from_response(answer)
            for container in answer.json():
                yield {
                    "type": "container",
                    "id": f"{account}/{container['name']}",
                    "name": container["name"],
                    "project_id": account.removeprefix("AUTH_"),
                    "count": container["count"],
                }


def _accounts():
    folder = pathlib.Path(os.environ["SANDBOX_HOME"], "state/swift/sdb1/accounts")
    for path in folder.glob("*/*/*/*.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            yield from (row[0] for row in database.execute("SELECT account FROM account_stat"))
