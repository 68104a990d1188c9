"""A request may name what is the stack's own, and what the owner allowed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runtime.checks.requests import ACCOUNT, BUCKET, REGION, ROLE, Document, image
from vmie_runtime.checks import Allowed, Own, require_allowed
from vmie_runtime.checks.mentions import OPTIONS, PARAMETERS, Subject
from vmie_runtime.checks.narrowing import require_placement
from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents.options import VMIE
from vmie_runtime.request_documents.shape import Shape

_NOTHING = Allowed()
_OWN = Own(bucket=BUCKET, region=REGION, account=ACCOUNT, role_name=ROLE)
_KEY_ID = "0f1e2d3c-0000-4000-8000-123456789012"
_LICENCES = f"arn:aws:license-manager:{REGION}:{ACCOUNT}:license-configuration:lic-1"
_KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{_KEY_ID}"


def _rejection(document: Document, allowed: Allowed = _NOTHING, own: Own = _OWN) -> RequestRejected:
    with pytest.raises(RequestRejected) as caught:
        require_allowed(document, allowed, own)
    return caught.value


def _anything(*settings: str) -> Allowed:
    return Allowed(**dict.fromkeys(settings or Allowed.__dataclass_fields__, ("*",)))


# One thing of every kind: the request, the code of its rejection, and what would allow it.
_FOREIGN = [
    (image(UserBucket={"S3Bucket": "other-bucket", "S3Key": "a.vmdk"}), "BucketNotAllowed", "source_buckets"),
    (image(Url="s3://other-bucket/a.vmdk"), "SourceNotAllowed", "source_buckets"),
    (image(SnapshotId="snap-0123456789abcdef0"), "SnapshotNotAllowed", "snapshots"),
    (Document(parameters={"KmsKeyId": _KEY_ARN}), "KeyNotAllowed", "kms_keys"),
    (Document(role_name="admin"), "RoleNotAllowed", "role_names"),
    (
        Document(parameters={"LicenseSpecifications": [{"LicenseConfigurationArn": _LICENCES}]}),
        "LicenseConfigurationNotAllowed",
        "license_configurations",
    ),
    (
        Document(
            operation="ImportSnapshot", parameters={"DiskContainer": {"UserBucket": {"S3Bucket": "other"}}}
        ),
        "BucketNotAllowed",
        "source_buckets",
    ),
    (
        Document(operation="ImportSnapshot", options={"CreateVolume": {"AvailabilityZone": "eu-west-1a"}}),
        "AvailabilityZoneNotAllowed",
        "availability_zones",
    ),
    (
        Document(operation="ImportVolume", parameters={"AvailabilityZoneId": "euw1-az1"}),
        "AvailabilityZoneNotAllowed",
        "availability_zones",
    ),
    (
        Document(operation="ImportSnapshot", options={"AttachVolume": {"InstanceId": "i-0123456789abcdef0"}}),
        "InstanceNotAllowed",
        "instances",
    ),
    (
        Document(operation="CreateInstanceExportTask", parameters={"InstanceId": "i-0123456789abcdef0"}),
        "InstanceNotAllowed",
        "instances",
    ),
    (
        Document(operation="ExportImage", parameters={"ImageId": "ami-0123456789abcdef0"}),
        "ImageNotAllowed",
        "images",
    ),
    (
        Document(
            operation="ImportInstance", parameters={"LaunchSpecification": {"SubnetId": "subnet-0123456789"}}
        ),
        "SubnetNotAllowed",
        "subnets",
    ),
    (
        Document(
            operation="ImportInstance", parameters={"LaunchSpecification": {"GroupIds": ["sg-0123456789"]}}
        ),
        "SecurityGroupNotAllowed",
        "security_groups",
    ),
    (Document(options={"Distribution": {"Regions": ["us-east-1"]}}), "RegionNotAllowed", "regions"),
    (
        Document(options={"Distribution": {"AccountIds": ["210987654321"]}}),
        "AccountNotAllowed",
        "account_ids",
    ),
    (
        Document(options={"Distribution": {"OrganizationArns": ["arn:aws:organizations::1:ou/o-1/ou-1"]}}),
        "OrganizationNotAllowed",
        "organization_arns",
    ),
    (
        Document(options={"Distribution": {"Parameter": "/images/web"}}),
        "ParameterNotAllowed",
        "parameter_paths",
    ),
    (
        Document(options={"ImportTaskId": "import-ami-0123456789abcdef0"}),
        "ImportTaskNotAllowed",
        "import_tasks",
    ),
]
_IDS = [f"{document.operation}-{code}" for document, code, _ in _FOREIGN]


@pytest.mark.parametrize(("document", "code", "setting"), _FOREIGN, ids=_IDS)
def test_what_is_somebody_elses_is_refused_unless_the_owner_allowed_it(
    document: Document, code: str, setting: str
) -> None:
    rejection = _rejection(document)
    assert (rejection.code, rejection.status) == (code, "Rejected")
    assert rejection.facts["path"] in rejection.text
    # Nothing is distributed yet, so that no setting would allow it.
    assert ("allowed_" in rejection.text) is ("Distribution" not in document.options)
    require_allowed(document, Allowed(**{setting: ("*",)}), _OWN)
    others = [name for name in Allowed.__dataclass_fields__ if name != setting]
    assert _rejection(document, _anything(*others)).code == code


@pytest.mark.parametrize(
    "document",
    [
        image(UserBucket={"S3Bucket": BUCKET, "S3Key": "a.vmdk"}),
        image(UserBucket={"S3Key": "a.vmdk"}),
        image(Url=f"S3://{BUCKET}/disks/a.vmdk"),
        image(Url="s3:///disks/a.vmdk"),
        image(Url=f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/a.vmdk?X-Amz-Signature=abc"),
        image(Url=f"https://s3.eu-west-1.amazonaws.com/{BUCKET}/a.vmdk?X-Amz-Signature=abc"),
        Document(role_name=ROLE),
        Document(options={"Distribution": {"Regions": [REGION], "AccountIds": [ACCOUNT]}}),
        Document(operation="ExportImage", parameters={"S3ExportLocation": {"S3Bucket": BUCKET}}),
        Document(operation="ImportInstance", parameters={"DiskImages": [{"Image": {"Format": "VMDK"}}]}),
    ],
    ids=lambda document: document.operation,
)
def test_what_is_the_stacks_own_needs_no_permission(document: Document) -> None:
    require_allowed(document, Allowed(), _OWN)


def test_every_refused_thing_is_named_with_its_place() -> None:
    containers = [{"UserBucket": {"S3Bucket": name}} for name in (BUCKET, "one", "two")]
    text = _rejection(Document(parameters={"DiskContainers": containers})).text
    assert "DiskContainers[1].UserBucket.S3Bucket names the bucket 'one'" in text
    assert "DiskContainers[2].UserBucket.S3Bucket names the bucket 'two'" in text
    assert BUCKET not in text


def test_an_export_goes_to_the_own_bucket_whatever_is_allowed() -> None:
    location = {"S3Bucket": "other", "S3Prefix": "exports/"}
    document = Document(operation="ExportImage", parameters={"S3ExportLocation": location})
    rejection = _rejection(document, _anything())
    assert rejection.code == "ExportBucketNotAllowed"
    assert "no setting allows it" in rejection.text


@pytest.mark.parametrize("name", ["HostId", "HostResourceGroupArn", "GroupName", "GroupId"])
def test_no_setting_lets_a_request_choose_hosts(name: str) -> None:
    document = Document(
        operation="ImportInstance", parameters={"LaunchSpecification": {"Placement": {name: "x"}}}
    )
    assert _rejection(document, _anything()).code == "PlacementNotAllowed"


def _with_tenancy(tenancy: str) -> Document:
    return Document(
        operation="ImportInstance", parameters={"LaunchSpecification": {"Placement": {"Tenancy": tenancy}}}
    )


@pytest.mark.parametrize("tenancy", ["dedicated", "host"])
def test_no_setting_lets_a_request_choose_dedicated_hardware(tenancy: str) -> None:
    rejection = _rejection(_with_tenancy(tenancy), _anything())
    assert rejection.code == "PlacementNotAllowed"
    assert f"LaunchSpecification.Placement.Tenancy names the tenancy {tenancy!r}" in rejection.text


def test_the_tenancy_that_every_instance_has_may_be_named() -> None:
    require_allowed(_with_tenancy("default"), Allowed(), _OWN)


@pytest.mark.parametrize(
    ("entry", "value", "permitted"),
    [
        ("snap-1", "snap-1", True),
        ("snap-1", "snap-12", False),
        ("snap-1*", "snap-12", True),
        ("snap-1*", "snap-2", False),
        ("snap-1", "snap-*", False),
        ("*", "anything", True),
    ],
)
def test_a_star_counts_at_the_end_of_what_the_owner_wrote(entry: str, value: str, permitted: bool) -> None:
    document = image(SnapshotId=value)
    if permitted:
        require_allowed(document, Allowed(snapshots=(entry,)), _OWN)
    else:
        assert _rejection(document, Allowed(snapshots=(entry,))).code == "SnapshotNotAllowed"


@pytest.mark.parametrize("named", [_KEY_ARN, _KEY_ID])
@pytest.mark.parametrize("entry", [_KEY_ARN, _KEY_ID, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*", "*"])
def test_a_key_is_the_same_by_id_and_by_arn(named: str, entry: str) -> None:
    require_allowed(Document(parameters={"KmsKeyId": named}), Allowed(kms_keys=(entry,)), _OWN)


@pytest.mark.parametrize(
    "named",
    [
        "alias/web",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/web",
    ],
)
def test_an_alias_is_the_same_by_name_and_by_arn_but_is_no_key(named: str) -> None:
    document = Document(parameters={"KmsKeyId": named})
    require_allowed(document, Allowed(kms_keys=("alias/web",)), _OWN)
    assert _rejection(document, Allowed(kms_keys=(_KEY_ARN,))).code == "KeyNotAllowed"


@pytest.mark.parametrize(
    "named",
    [
        _KEY_ARN.replace(ACCOUNT, "999999999999"),
        _KEY_ARN.replace(REGION, "us-east-1"),
        "0f1e2d3c-0000-4000-8000-999999999999",
    ],
)
def test_another_key_stays_another_key(named: str) -> None:
    document = Document(parameters={"KmsKeyId": named})
    assert _rejection(document, Allowed(kms_keys=(_KEY_ID,))).code == "KeyNotAllowed"


def test_the_owners_default_key_may_be_named() -> None:
    own = Own(bucket=BUCKET, region=REGION, account=ACCOUNT, role_name=ROLE, default_kms_key=_KEY_ARN)
    require_allowed(Document(parameters={"KmsKeyId": _KEY_ID}), Allowed(), own)


_ENCRYPTING = Own(
    bucket=BUCKET,
    region=REGION,
    account=ACCOUNT,
    role_name=ROLE,
    default_kms_key=_KEY_ARN,
    encrypted_by_owner=True,
)


@pytest.mark.parametrize("operation", ["ImportImage", "ImportSnapshot"])
@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({}, "Encrypted"),
        ({"Encrypted": False}, "Encrypted"),
        ({"KmsKeyId": _KEY_ARN}, "Encrypted"),
        ({"Encrypted": True}, "KmsKeyId"),
    ],
)
def test_the_owners_encryption_cannot_be_left_out(
    operation: str, parameters: dict[str, Any], path: str
) -> None:
    rejection = _rejection(Document(operation=operation, parameters=parameters), own=_ENCRYPTING)
    assert (rejection.code, rejection.facts["path"]) == ("EncryptionRequired", path)
    assert _KEY_ARN in rejection.text


def test_the_default_ebs_key_is_enough_where_the_owner_names_none() -> None:
    own = Own(bucket=BUCKET, region=REGION, account=ACCOUNT, role_name=ROLE, encrypted_by_owner=True)
    require_allowed(Document(parameters={"Encrypted": True}), Allowed(), own)
    assert "the account's default EBS key" in _rejection(Document(), own=own).text


def test_a_volume_of_an_encrypted_snapshot_stays_encrypted() -> None:
    def document(**volume: Any) -> Document:
        parameters = {"Encrypted": True, "KmsKeyId": _KEY_ARN}
        return Document(operation="ImportSnapshot", parameters=parameters, options={"CreateVolume": volume})

    rejection = _rejection(document(Encrypted=False), own=_ENCRYPTING)
    assert (rejection.code, rejection.facts["path"]) == ("EncryptionRequired", "Vmie.CreateVolume.Encrypted")
    for volume in ({"Encrypted": True}, {}):
        require_allowed(document(**volume), Allowed(), _ENCRYPTING)


def test_the_owners_encryption_may_be_met_by_another_allowed_key() -> None:
    other = _KEY_ARN.replace("0f1e2d3c", "ffffffff")
    document = Document(parameters={"Encrypted": True, "KmsKeyId": other})
    require_allowed(document, Allowed(kms_keys=(other,)), _ENCRYPTING)
    assert _rejection(document, own=_ENCRYPTING).code == "KeyNotAllowed"


@pytest.mark.parametrize("operation", ["ImportInstance", "ImportVolume"])
def test_an_operation_that_cannot_encrypt_is_refused_where_the_owner_encrypts(operation: str) -> None:
    assert _rejection(Document(operation=operation), own=_ENCRYPTING).code == "EncryptionRequired"
    require_allowed(Document(operation=operation), Allowed(), _OWN)


def test_an_export_needs_no_encryption() -> None:
    require_allowed(
        Document(operation="ExportImage", parameters={"ImageId": "ami-1"}),
        Allowed(images=("ami-1",)),
        _ENCRYPTING,
    )


def test_the_settings_are_read() -> None:
    text = json.dumps({"SourceBuckets": ["golden"], "KmsKeys": [_KEY_ARN], "Snapshots": ["snap-1*"]})
    expected = Allowed(source_buckets=("golden",), kms_keys=(_KEY_ARN,), snapshots=("snap-1*",))
    assert Allowed.from_json(text) == expected
    assert Allowed.from_json("") == Allowed.from_json("{}") == Allowed()


@pytest.mark.parametrize(
    "text", ['{"Buckets": []}', "[]", '{"Images": "*"}', '{"Images": [1]}', '{"Images": [""]}', "{"]
)
def test_settings_that_are_not_understood_allow_nothing(text: str) -> None:
    with pytest.raises(ValueError):
        Allowed.from_json(text)


def test_every_rejection_has_its_row() -> None:
    assert {subject.code for subject in Subject} <= BY_CODE.keys()


@given(
    st.sampled_from([key for operation in PARAMETERS.values() for key in operation] + list(OPTIONS)),
    st.text(min_size=1),
)
def test_nothing_foreign_passes_by_default(place: str, value: str) -> None:
    """Whatever stands in one of the places, it is the stack's own or refused."""
    operation = next((name for name, places in PARAMETERS.items() if place in places), None)
    tree: Any = value
    for name in reversed(place.split(".")):
        tree = {name.removesuffix("[]"): [tree] if name.endswith("[]") else tree}
    document = (
        Document(operation=operation, parameters=tree)
        if operation
        else Document(operation="ImportImage", options=tree)
    )
    if value not in (BUCKET, REGION, ACCOUNT, "default"):
        assert _rejection(document).code in BY_CODE


# Members of the operations' shapes that name nothing of anybody's, or that are text, numbers and switches.
_HARMLESS = [
    "AdditionalInfo",
    "Affinity",
    "Architecture",
    "BootMode",
    "Bytes",
    "ClientToken",
    "Comment",
    "ContainerFormat",
    "Data",
    "Description",
    "DeviceName",
    "DiskImageFormat",
    "DryRun",
    "Enabled",
    "Encrypted",
    "Format",
    "Hypervisor",
    "InstanceInitiatedShutdownBehavior",
    "InstanceType",
    "Key",
    "LicenseType",
    "Monitoring",
    "PartitionNumber",
    "Platform",
    "PrivateIpAddress",
    "ResourceType",
    "RoleName",
    "S3Key",
    "S3Prefix",
    "Size",
    "SpreadDomain",
    "TargetEnvironment",
    "UploadEnd",
    "UploadSize",
    "UploadStart",
    "UsageOperation",
    "Value",
]


@pytest.mark.parametrize("operation", PARAMETERS)
def test_every_member_of_the_operations_is_either_narrowed_or_harmless(operation: str) -> None:
    model = Loader().load_service_model("ec2", "service-2")
    shape = model["operations"][operation]["input"]["shape"]
    places = dict(_leaves(model["shapes"], shape))
    assert not {path for path, name in places.items() if name not in _HARMLESS} - PARAMETERS[operation].keys()
    assert PARAMETERS[operation].keys() <= places.keys()


# Of the pipeline's options: names and texts of one's own, times, devices within an instance that is narrowed.
_OWN_OPTIONS = {
    "Name",
    "Deadline",
    "Tags{}",
    "RegisterImage.Name",
    "RegisterImage.Description",
    "RegisterImage.RootDeviceName",
    "RegisterImage.UefiData",
    "AttachVolume.Device",
    "CreateImage.Name",
    "CreateImage.Description",
}


def test_every_option_is_either_narrowed_or_harmless() -> None:
    texts = set(_texts(VMIE))
    # What this version's options leave out, the table keeps refusing.
    assert OPTIONS.keys() - texts == {"CreateVolume.SnapshotId", "CreateVolume.OutpostArn"}
    assert texts - OPTIONS.keys() == _OWN_OPTIONS


def _texts(shape: Shape, path: str = "") -> Iterator[str]:
    """The places of the options where a text of the request's own choice may stand."""
    if shape.type == "structure":
        for name, member in shape.members.items():
            yield from _texts(member, f"{path}.{name}" if path else name)
    elif shape.type in ("list", "map") and shape.element is not None:
        yield from _texts(shape.element, f"{path}{'[]' if shape.type == 'list' else '{}'}")
    elif shape.type == "string" and not shape.values:
        yield path


def _leaves(shapes: dict[str, Any], name: str, path: str = "", member: str = "") -> Any:
    shape = shapes[name]
    if shape["type"] == "structure":
        for child, reference in shape["members"].items():
            yield from _leaves(shapes, reference["shape"], f"{path}.{child}" if path else child, child)
    elif shape["type"] == "list":
        yield from _leaves(shapes, shape["member"]["shape"], f"{path}[]", member)
    else:
        yield path, member


def test_reading_the_settings_loads_neither_clients_nor_the_requests_shapes() -> None:
    root = Path(__file__).resolve().parents[4]
    source = (
        f"import sys; sys.path.insert(0, {str(root / 'lambda')!r}); import vmie_runtime.checks.allowed; "
        "print([name for name in sys.modules if name.startswith(('boto', 'vmie_runtime.request_documents'))])"
    )
    answer = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


_SUBNET, _GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
_OPEN_NETWORK = {"Placement": {"AvailabilityZone": "eu-west-1a"}}


def _placed(launch: dict[str, Any], **entries: tuple[str, ...]) -> str | None:
    document = Document(operation="ImportInstance", parameters={"LaunchSpecification": launch})
    try:
        require_placement(document, Allowed(availability_zones=("eu-west-1a",), **entries))
    except RequestRejected as rejection:
        return rejection.code
    return None


def test_ec2_may_choose_the_network_of_an_instance_where_the_owner_listed_none() -> None:
    assert _placed(_OPEN_NETWORK) is None


@pytest.mark.parametrize(
    ("launch", "entries", "code"),
    [
        ({}, {}, "AvailabilityZoneNotAllowed"),
        (_OPEN_NETWORK, {"subnets": (_SUBNET,)}, "SubnetNotAllowed"),
        (_OPEN_NETWORK, {"security_groups": (_GROUP,)}, "SecurityGroupNotAllowed"),
        (_OPEN_NETWORK, {"subnets": ("subnet-0*",)}, "SubnetNotAllowed"),
    ],
)
def test_ec2_may_not_choose_what_the_owner_listed(
    launch: dict[str, Any], entries: dict[str, tuple[str, ...]], code: str
) -> None:
    assert _placed(launch, **entries) == code
    everything: dict[str, tuple[str, ...]] = dict.fromkeys(entries, ("*",))
    if entries:
        assert _placed(launch, **everything) is None


def test_an_instance_that_names_its_network_goes_there() -> None:
    named = {**_OPEN_NETWORK, "SubnetId": _SUBNET, "GroupIds": [_GROUP]}
    assert _placed(named, subnets=(_SUBNET,), security_groups=(_GROUP,)) is None
    by_name = {**_OPEN_NETWORK, "GroupNames": ["web"]}
    assert _placed(by_name, security_groups=("web",)) is None
