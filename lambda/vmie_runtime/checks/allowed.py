"""What the stack's owner allows requests to name, beyond what is the stack's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """The construct's `allowed_*` settings, as the variable `VMIE_ALLOWED` carries them.

    An entry is the exact text, or one that ends in `*` and stands for every text that begins so; the star
    counts only there, and only in what the owner wrote. Every default is empty: nothing is allowed.

    Attributes:
        source_buckets: Buckets to import from.
        regions: Regions to copy images to.
        account_ids: Accounts to share with.
        organization_arns: Organisations and organisational units to share with.
        kms_keys: Keys to encrypt with, by ARN, id or alias.
        role_names: Service roles.
        license_configurations: ARNs of License Manager configurations.
        parameter_paths: Names of SSM parameters to publish images under.
        availability_zones: Availability Zones, by name or id, to make volumes and instances in.
        subnets: Subnets to make instances in.
        security_groups: Security groups, by id or name, to give instances.
        instances: Instances to attach volumes to, and to export.
        images: AMIs to export.
        snapshots: Snapshots to make images of.
        import_tasks: Tasks, started by hand, to adopt.
    """

    source_buckets: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    organization_arns: tuple[str, ...] = ()
    kms_keys: tuple[str, ...] = ()
    role_names: tuple[str, ...] = ()
    license_configurations: tuple[str, ...] = ()
    parameter_paths: tuple[str, ...] = ()
    availability_zones: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    import_tasks: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the variable's JSON, an object of lists under PascalCase names; empty text allows nothing.

        Raises:
            ValueError: If it is something else; the stack and its functions are of different versions then.
        """
        document = json.loads(text or "{}")
        names = {_pascal_case(each.name): each.name for each in fields(cls)}
        if not isinstance(document, dict) or not all(map(_is_list_of_texts, document.values())):
            raise ValueError(
                "VMIE_ALLOWED must be a JSON object of lists of strings: deploy the stack again."
            )
        if unknown := sorted(document.keys() - names.keys()):
            raise ValueError(f"VMIE_ALLOWED has unknown keys, {', '.join(unknown)}: deploy the stack again.")
        return cls(**{names[key]: tuple(entries) for key, entries in document.items()})


def permits(entries: tuple[str, ...], value: str) -> bool:
    """Tell whether an entry stands for the value."""
    return any(value.startswith(entry[:-1]) if entry.endswith("*") else value == entry for entry in entries)


def _pascal_case(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)
