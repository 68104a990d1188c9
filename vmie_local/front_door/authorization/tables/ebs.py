"""EBS direct APIs: they act on EC2's snapshots."""

from __future__ import annotations

from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import Requirement, Row, Table, tag_context
from vmie_local.front_door.authorization.tables.ec2 import resource_arn


def _snapshot(action: str, *members: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        for member in members:
            if identifier := call.parameters.get(member):
                yield Requirement(f"ebs:{action}", resource_arn(call, "snapshot", str(identifier)))

    return row


def _start(call: ApiCall) -> Iterable[Requirement]:
    given = call.parameters
    context = {"ebs:VolumeSize": given.get("VolumeSize"), **tag_context(given.get("Tags"))}
    if parent := given.get("ParentSnapshotId"):
        context["ebs:ParentSnapshot"] = resource_arn(call, "snapshot", str(parent))
        yield Requirement("ebs:StartSnapshot", context["ebs:ParentSnapshot"], context)
    yield Requirement("ebs:StartSnapshot", resource_arn(call, "snapshot"), context)


EBS: Table = {
    "CompleteSnapshot": _snapshot("CompleteSnapshot", "SnapshotId"),
    "GetSnapshotBlock": _snapshot("GetSnapshotBlock", "SnapshotId"),
    "ListChangedBlocks": _snapshot("ListChangedBlocks", "FirstSnapshotId", "SecondSnapshotId"),
    "ListSnapshotBlocks": _snapshot("ListSnapshotBlocks", "SnapshotId"),
    "PutSnapshotBlock": _snapshot("PutSnapshotBlock", "SnapshotId"),
    "StartSnapshot": _start,
}
