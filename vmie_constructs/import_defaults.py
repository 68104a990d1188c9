"""What a request gets that does not say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from aws_cdk import Stack, Token
from aws_cdk import aws_kms as kms
from constructs import Construct

LicenseType = Literal["AWS", "BYOL"]
BootMode = Literal["legacy-bios", "uefi"]
Platform = Literal["Windows", "Linux"]
ImageArchitecture = Literal["i386", "x86_64", "arm64"]

# As many as a request may have: with neither of the other can an import pass EC2's 50.
_MOST_TAGS = 40
_RESERVED_TAGS = ("vmie:", "aws:")


@dataclass(frozen=True, kw_only=True)
class ImportDefaults:
    """Parameters of ImportImage for requests that leave them out, under the names of the workflow's props.

    Raises:
        ValueError: a value that EC2 does not take.
    """

    license_type: LicenseType | None = None
    boot_mode: BootMode | None = None
    platform: Platform | None = None
    image_architecture: ImageArchitecture | None = None
    encrypted: bool | None = None
    image_encryption_key: kms.IKey | None = None
    image_description: str | None = None
    image_tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_allowed("license_type", self.license_type, get_args(LicenseType))
        _check_allowed("boot_mode", self.boot_mode, get_args(BootMode))
        _check_allowed("platform", self.platform, get_args(Platform))
        _check_allowed("image_architecture", self.image_architecture, get_args(ImageArchitecture))
        if self.image_encryption_key is not None and self.encrypted is False:
            raise ValueError(
                "image_encryption_key is given and encrypted is False: EC2 refuses a key for an unencrypted"
                " image. Leave encrypted out, or the key."
            )
        if not Token.is_unresolved(self.image_tags) and len(self.image_tags) > _MOST_TAGS:
            raise ValueError(
                f"image_tags holds {len(self.image_tags)} tags and may hold {_MOST_TAGS}: EC2 takes 50 on one"
                " resource, and the rest are left to the pipeline's own and to requests. Leave some out."
            )
        for key in self.image_tags:
            if not Token.is_unresolved(key) and key.startswith(_RESERVED_TAGS):
                raise ValueError(
                    f"image_tags holds {key!r}: keys that begin with vmie: are the pipeline's own, and aws:"
                    " is AWS's. Choose another key."
                )

    def to_json(self, scope: Construct) -> str:
        """Render as the JSON that the runtime reads, in ImportImage's own terms."""
        key = self.image_encryption_key
        parameters: dict[str, object] = {
            "LicenseType": self.license_type,
            "BootMode": self.boot_mode,
            "Platform": self.platform,
            "Architecture": self.image_architecture,
            "Encrypted": True if key is not None else self.encrypted,
            "KmsKeyId": key.key_arn if key is not None else None,
            "Description": self.image_description,
            "Tags": dict(self.image_tags) or None,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return Stack.of(scope).to_json_string(given)


def _check_allowed(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and not Token.is_unresolved(value) and value not in allowed:
        raise ValueError(f"{name} is {value!r}; EC2 takes {', '.join(allowed[:-1])} or {allowed[-1]}.")
