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

"""Resources as rows: the same columns wherever a resource is shown."""

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from cleanupd.core import certificate
    from cleanupd.core import explaining
    from cleanupd.core import judgement
    from cleanupd.core import planning
    from cleanupd.core import resources
    from cleanupd.journal import store

COLUMNS = (
    "Kind",
    "Name",
    "ID",
    "Project",
    "Workload",
    "Scope",
    "State",
    "Evidence",
    "Reason",
)
SHORT_COLUMNS = ("Kind", "Name", "ID", "State", "Evidence", "Reason")

Row = dict[str, Any]


def of_finding(finding: "judgement.Finding") -> Row:
    """Return the row of a judged resource; its state is the verdict."""
    return _row(finding.resource.ref, finding.resource.name) | {
        "Project": finding.resource.project_id,
        "Workload": finding.part,
        "Scope": finding.scope,
        "State": finding.verdict,
        "Evidence": finding.evidence,
        "Reason": finding.reason,
    }


def of_explanation(told: "explaining.Explanation") -> Row:
    """Return the row of a resource that is explained."""
    return _row(told.resource.ref, told.resource.name) | {
        "Project": told.resource.project_id,
        "Workload": told.part,
        "Scope": told.scope,
        "State": told.state,
        "Reason": told.reason,
    }


def of_link(link: "explaining.Link") -> Row:
    """Return the row of a link of the chain."""
    return {"Kind": link.ref.kind, "Name": link.name, "ID": link.ref.id, "Says": link.says}


def of_step(step: "planning.Step", state: str, reason: str | None) -> Row:
    """Return the row of a planned removal with what became of it."""
    return _row(step.ref, step.observed.name) | {
        "Project": step.observed.project_id,
        "Workload": step.part or None,
        "Scope": step.scope or None,
        "State": state,
        "Evidence": step.evidence,
        "Reason": reason,
    }


def of_kept(kept: "planning.Kept", state: str) -> Row:
    """Return the row of a resource that is not removed."""
    row = _row(kept.ref, kept.name)
    return row | {"Workload": kept.part, "State": state, "Reason": kept.reason}


def of_left(left: "certificate.Left") -> Row:
    """Return the row of a resource that a certificate says is still there."""
    return _row(left.ref, left.name) | {"State": "left", "Reason": left.reason}


def of_result(result: "store.Result") -> Row:
    """Return the row of a removal that was tried."""
    return _row(result.ref, result.name) | {"State": result.outcome, "Reason": result.reason}


def _row(ref: "resources.Ref", name: str | None) -> Row:
    row: Row = dict.fromkeys(COLUMNS)
    return row | {"Kind": ref.kind, "Name": name, "ID": ref.id, "Evidence": ()}
