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

"""A certificate in the form in which Rally's platforms report their cleanup.

``EnvManager.cleanup`` of Rally 5.1.1 (``rally/env/env_mgr.py``) validates what
a platform returns against ``_CLEANUP_FORMAT``, which is this.
"""

import collections

import msgspec

from cleanupd.core import certificate as certificates


class Counts(msgspec.Struct, frozen=True):
    """How many resources there were, are gone, and are still there."""

    discovered: int
    deleted: int
    failed: int


class Error(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a resource is still there, or why that is not known of a kind."""

    message: str
    resource_type: str = ""
    resource_id: str = ""


class CleanupResult(msgspec.Struct, frozen=True):
    """What a platform of Rally answers to ``cleanup``; without errors everything is gone."""

    message: str
    discovered: int
    deleted: int
    failed: int
    resources: dict[str, Counts]
    errors: tuple[Error, ...]


def of_certificate(certificate: certificates.Certificate) -> CleanupResult:
    """Return what a certificate says, counted by kind."""
    left = collections.Counter(one.ref.kind for one in certificate.left)
    counts = {
        kind: Counts(
            certificate.gone.get(kind, 0) + left[kind], certificate.gone.get(kind, 0), left[kind]
        )
        for kind in sorted({*certificate.gone, *left})
    }
    unknown = tuple(Error(doubt) for doubt in certificate.doubts)
    return CleanupResult(
        message="Succeeded" if certificate.is_clean else "Not everything is gone",
        discovered=sum(one.discovered for one in counts.values()),
        deleted=sum(one.deleted for one in counts.values()),
        failed=sum(one.failed for one in counts.values()),
        resources=counts,
        errors=(*unknown, *(Error(o.reason, o.ref.kind, o.ref.id) for o in certificate.left)),
    )
