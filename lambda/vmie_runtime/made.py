"""What a request has made in EC2 so far."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Made:
    """EC2 resources, in the order in which they were made.

    Attributes:
        image_ids: AMIs; the last one is the request's.
        snapshot_ids: Snapshots: of the last AMI, or one for each disk.
        volume_ids: EBS volumes.
        instance_ids: Instances.
        replaced_image_ids: AMIs that a later stage replaced, such as by a copy with a name.
        replaced_snapshot_ids: The snapshots of those.
        exports: Files that exports write, as `s3://bucket/key`.
    """

    image_ids: tuple[str, ...] = ()
    snapshot_ids: tuple[str, ...] = ()
    volume_ids: tuple[str, ...] = ()
    instance_ids: tuple[str, ...] = ()
    replaced_image_ids: tuple[str, ...] = ()
    replaced_snapshot_ids: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()

    @property
    def image_id(self) -> str | None:
        """The AMI that the request is about."""
        return self.image_ids[-1] if self.image_ids else None

    def and_also(self, other: Made) -> Made:
        """Both, each thing once."""
        return Made(
            **{
                each.name: tuple(dict.fromkeys((*getattr(self, each.name), *getattr(other, each.name))))
                for each in fields(self)
            }
        )

    def without(self, other: Made) -> Made:
        """What the other one has not."""
        return Made(
            **{
                each.name: tuple(
                    one for one in getattr(self, each.name) if one not in getattr(other, each.name)
                )
                for each in fields(self)
            }
        )

    def to_document(self) -> dict[str, Any]:
        """As the requests table keeps it: only what there is."""
        return {
            each.name: list(getattr(self, each.name)) for each in fields(self) if getattr(self, each.name)
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """What `to_document` gave."""
        return cls(**{name: tuple(ids) for name, ids in document.items()})
