"""What requests may name beyond what is the workflow's own: the `allowed_*` settings and what they grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .allowed_entries import ENTRY_FORMS
from .bucket_grants import grant_missing_told, grant_read_objects
from .key_grants import grant_ebs_encryption
from .runtime_function import RuntimeFunction
from .vm_import_role import VmImportRole

# Lambda's limit for all variables of a function is 4 KB; the others need the rest.
_LARGEST = 3072


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """A workflow's `allowed_*` settings; what none of them holds is refused. Every default is: nothing.

    A request may narrow what the stack's owner configured and never widen it: the own bucket, Region, service
    role and key need no entry. Ids may end in `*` and stand for all that begin alike; where `*` alone is
    given, every one is allowed. Entries may be tokens, such as the id of an instance of the same app.

    Attributes:
        allowed_source_buckets: Buckets to import from. The service role and the functions that look at a
            source may read every object in them.
        allowed_kms_keys: Keys that images, snapshots and volumes may be encrypted with. The service role and
            the function that starts tasks may use them; the policy of a key of another account must let them.
        allowed_service_roles: Roles that may go along in place of the workflow's own. What they may do is
            theirs: see `VmImportRole` for what VM Import/Export needs.
        allowed_license_configurations: ARNs of License Manager configurations to attach to images.
        allowed_availability_zones: Zones, by name or id, to make volumes and instances in.
        allowed_subnets: Subnets to make instances in; with none, a request may leave its subnet to EC2, which
            takes the default VPC's.
        allowed_security_groups: Security groups, by id or name, to give instances; with none, a request may
            leave them to EC2, which takes the VPC's default group.
        allowed_instances: Instances to attach volumes to, or to export.
        allowed_snapshots: Snapshots to make images and volumes of.
        allowed_images: AMIs to export.
        allowed_import_tasks: Tasks, started by hand, to adopt.

    Raises:
        TypeError: a setting is a text in place of a list, or a list of texts in place of constructs.
        ValueError: an entry of another form, or a list that is known at deployment only.
    """

    allowed_source_buckets: Sequence[s3.IBucket] = ()
    allowed_kms_keys: Sequence[kms.IKey] = ()
    allowed_service_roles: Sequence[iam.IRole] = ()
    allowed_license_configurations: Sequence[str] = ()
    allowed_availability_zones: Sequence[str] = ()
    allowed_subnets: Sequence[str] = ()
    allowed_security_groups: Sequence[str] = ()
    allowed_instances: Sequence[str] = ()
    allowed_snapshots: Sequence[str] = ()
    allowed_images: Sequence[str] = ()
    allowed_import_tasks: Sequence[str] = ()

    def __post_init__(self) -> None:
        for setting, form in ENTRY_FORMS.items():
            form.check(setting, getattr(self, setting))
        for setting, hint in (
            ("allowed_source_buckets", "s3.Bucket.from_bucket_name"),
            ("allowed_kms_keys", "kms.Key.from_key_arn"),
            ("allowed_service_roles", "iam.Role.from_role_name"),
        ):
            _check_constructs(setting, getattr(self, setting), hint)
        self._check_names()

    def to_json(self, scope: Construct) -> str:
        """Render as the JSON of the variable `VMIE_ALLOWED`; settings without an entry are left out.

        Raises:
            ValueError: a source bucket is in another Region than the stack, or the settings are longer than
                the environment of a function may be.
        """
        stack = Stack.of(scope)
        _check_regions(self.allowed_source_buckets, stack)
        lists: dict[str, list[str]] = {
            "SourceBuckets": [bucket.bucket_name for bucket in self.allowed_source_buckets],
            "KmsKeys": [key.key_arn for key in self.allowed_kms_keys],
            "RoleNames": [role.role_name for role in self.allowed_service_roles],
            "LicenseConfigurations": list(self.allowed_license_configurations),
            "AvailabilityZones": list(self.allowed_availability_zones),
            "Subnets": list(self.allowed_subnets),
            "SecurityGroups": list(self.allowed_security_groups),
            "Instances": list(self.allowed_instances),
            "Snapshots": list(self.allowed_snapshots),
            "Images": list(self.allowed_images),
            "ImportTasks": list(self.allowed_import_tasks),
        }
        rendered = stack.to_json_string({name: entries for name, entries in lists.items() if entries})
        length = _least_length(stack.resolve(rendered))
        if length > _LARGEST:
            raise ValueError(
                f"The allowed_* settings are {length} bytes long as JSON, and a function's environment takes"
                f" {_LARGEST} of them. Allow ids by what they begin with (i-0a*), or split the workflow."
            )
        return rendered

    def grant_service_role(self, role: VmImportRole) -> None:
        """Let the service role read the source buckets and use the keys and licence configurations."""
        for bucket in self.allowed_source_buckets:
            role.grant_import_from(bucket)
        for key in self.allowed_kms_keys:
            role.grant_key(key)
        if self.allowed_license_configurations:
            role.grant_license_configurations(*self.allowed_license_configurations)

    def allow_reading_sources(self, function: RuntimeFunction) -> None:
        """Let a function read the objects of the source buckets, as it may in the workflow's own."""
        for bucket in self.allowed_source_buckets:
            grant_read_objects(bucket, function.role)
            grant_missing_told(bucket, function.role)

    def allow_checking_keys(self, function: RuntimeFunction) -> None:
        """Let a function see whether the keys can be used, and what their policies say."""
        for key in self.allowed_kms_keys:
            key.grant(function.role, "kms:DescribeKey", "kms:GetKeyPolicy")

    def allow_encrypting(self, function: RuntimeFunction) -> None:
        """Let EC2 encrypt with the keys what a function calls it to make."""
        for key in self.allowed_kms_keys:
            grant_ebs_encryption(key, function.role)

    def allow_passing_roles(self, function: RuntimeFunction) -> None:
        """Let a function hand the service roles to VM Import/Export."""
        # No iam:PassedToService condition: no source documents what VM Import/Export puts there.
        self._allow_on_roles(function, "iam:PassRole")

    def allow_examining_roles(self, function: RuntimeFunction) -> None:
        """Let a function find out what a service role lacks."""
        self._allow_on_roles(function, "iam:GetRole", "iam:SimulatePrincipalPolicy")

    def _allow_on_roles(self, function: RuntimeFunction, *actions: str) -> None:
        if self.allowed_service_roles:
            function.allow(actions, [role.role_arn for role in self.allowed_service_roles])

    def _check_names(self) -> None:
        # In VMIE_ALLOWED a star would stand for every name that begins so, and in a policy likewise.
        named = [
            *(("allowed_kms_keys", key.key_arn) for key in self.allowed_kms_keys),
            *(("allowed_service_roles", role.role_name) for role in self.allowed_service_roles),
        ]
        for setting, name in named:
            if not Token.is_unresolved(name) and "*" in name:
                raise ValueError(f"{setting} holds {name!r}; name each one, a star is not taken here.")


def _check_constructs(setting: str, entries: Any, hint: str) -> None:
    for entry in [entries] if isinstance(entries, str) else entries:
        if isinstance(entry, str):
            raise TypeError(f"{setting} holds the text {entry!r}; give constructs, such as {hint}(…).")


def _check_regions(buckets: Sequence[s3.IBucket], stack: Stack) -> None:
    for bucket in buckets:
        region = bucket.env.region
        if Token.is_unresolved(region) or Token.is_unresolved(stack.region) or region == stack.region:
            continue
        raise ValueError(
            f"allowed_source_buckets holds the bucket {bucket.node.path} of {region} and the stack is in"
            f" {stack.region}: VM Import/Export reads buckets of its own Region only."
        )


def _least_length(value: Any) -> int:
    """The bytes of what is known of a rendered text at synthesis."""
    match value:
        case str():
            return len(value.encode())
        case {"Fn::Join": [_, parts]}:
            return sum(map(_least_length, parts))
        case _:
            return 0
