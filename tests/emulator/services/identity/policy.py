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
"""Who may do what: the defaults of Keystone 30's policies, tried on a real one.

The administrator's role counts in every scope, but what belongs to no domain (services, regions,
roles, the system's grants) is closed to a token for a domain. In the whole system a reader may
read. In a domain a reader may read what is of the domain, a manager may change it. What a
caller may not see is 403 also where it does not exist, but for roles, for grants that are not the
system's and for groups and domains that are to be deleted: those are looked for first (404).
"""

from tests.emulator import web


def forbidden(action: str) -> web.Refused:
    """The refusal of an action such as ``list_users``."""
    message = f"You are not authorized to perform the requested action: identity:{action}."
    return web.Refused(403, message)


def require(
    call: web.Call,
    action: str,
    *,
    role: str = "admin",
    domain_id: str | None = None,
    is_own: bool = False,
    in_domains: bool = True,
) -> None:
    """403 unless the caller may do the action.

    `role` is the least that suffices in the domain `domain_id`, which the resource is of, and
    ``reader`` suffices in the system. `is_own`: the resource is the caller's. `in_domains`:
    tokens for a domain are accepted at all.
    """
    token = call.token
    if token.domain_id is not None and not in_domains and not is_own:
        raise forbidden(action)
    if is_own or "admin" in token.roles:
        return
    if token.is_system and role == "reader" and "reader" in token.roles:
        return
    if domain_id is not None and token.domain_id == domain_id and role in token.roles:
        return
    raise forbidden(action)
