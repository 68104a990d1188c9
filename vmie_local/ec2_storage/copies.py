"""CopyImage and CopySnapshot: the same bytes again, in this Region or another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vmie_local.blocks.ids import new_snapshot_id
from vmie_local.ec2_storage import becoming, durations, image_names, sources
from vmie_local.ec2_storage.surroundings import Act, Surroundings
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import import request_errors, tag_specifications


def copy_snapshot(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that a snapshot can be copied.

    Raises:
        ApiError: As EC2 answers.
    """
    source_id = parameters.get("SourceSnapshotId")
    if not source_id:
        raise request_errors.missing("sourceSnapshotId")
    origin = sources.source_place(place, parameters)
    source = sources.snapshot(origin, source_id)
    encrypted, key = sources.encryption(place, parameters, inherited=source.encrypted)
    tags = tag_specifications.tags_for("snapshot", parameters)

    def act() -> dict[str, Any]:
        description = parameters.get("Description") or ""
        copy_id = _copy(around, place, origin, source_id, description, encrypted=encrypted, key=key)
        ec2.tags.add(place.account, place.region, copy_id, tags)
        asked = parameters.get("CompletionDurationMinutes")
        becoming.completed(around, place, copy_id, asked * 60.0 if asked else durations.COPYING_SNAPSHOT)
        return {
            "SnapshotId": copy_id,
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        }

    return act


def copy_image(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that an AMI can be copied.

    Names of copies need not be free: EC2 makes a copy of the same name in the same Region
    (hashicorp/packer, issue 2123).

    Raises:
        ApiError: As EC2 answers.
    """
    name, source_id = image_names.given(parameters), parameters.get("SourceImageId")
    if not source_id:
        raise request_errors.missing("sourceImageId")
    origin = sources.source_place(place, parameters)
    source = sources.image(origin, source_id)
    held = {one: sources.snapshot(origin, one) for one in source.snapshot_ids}
    encrypted, key = sources.encryption(place, parameters, inherited=False)
    own_tags = tag_specifications.tags_for("image", parameters, also=("snapshot",))
    snapshot_tags = tag_specifications.tags_for("snapshot", parameters, also=("image",))

    def act() -> dict[str, Any]:
        image_id, devices = ec2.images.new_id(), []
        for device in source.devices:
            if device.snapshot_id:
                copy_id = _copy(
                    around,
                    place,
                    origin,
                    device.snapshot_id,
                    f"Copied for DestinationAmi {image_id} from SourceAmi {source_id} for SourceSnapshot "
                    f"{device.snapshot_id}. Task created on {round(around.clock.now() * 1000):,}.",
                    encrypted=encrypted or held[device.snapshot_id].encrypted,
                    key=key,
                )
                ec2.tags.add(place.account, place.region, copy_id, snapshot_tags)
                device = replace(device, snapshot_id=copy_id, encrypted=None)
            devices.append(device)
        image = replace(
            source,
            name=name,
            description=parameters.get("Description") or "",
            devices=tuple(devices),
            state="pending",
            source_instance_id=None,
            source_image_id=source_id,
            source_image_region=origin.region,
        )
        ec2.images.add(place.account, place.region, image, at=around.clock.now(), image_id=image_id)
        copied = _user_tags(origin, source_id) if parameters.get("CopyImageTags") else {}
        ec2.tags.add(place.account, place.region, image_id, {**copied, **own_tags})
        asked = parameters.get("SnapshotCopyCompletionDurationMinutes")
        seconds = asked * 60.0 if asked else durations.COPYING_IMAGE
        becoming.available(around, place, image_id, seconds, image.snapshot_ids)
        return {"ImageId": image_id}

    return act


def _copy(
    around: Surroundings,
    place: Place,
    origin: Place,
    source_id: str,
    description: str,
    *,
    encrypted: bool,
    key: str | None,
) -> str:
    """A pending copy of a snapshot, with its bytes."""
    source, copy_id = sources.snapshot(origin, source_id), new_snapshot_id()
    around.blocks.derive(copy_id, source.volume_size, source_id, copy=True)
    ec2.snapshots.add(
        place.account,
        place.region,
        copy_id,
        volume_size=source.volume_size,
        description=description,
        encrypted=encrypted,
        kms_key_id=key,
        status="pending",
        at=around.clock.now(),
    )
    return copy_id


def _user_tags(place: Place, resource_id: str) -> dict[str, str]:
    tags = ec2.tags.of(place.account, place.region, resource_id)
    return {name: value for name, value in tags.items() if not name.startswith("aws:")}
