"""Requests are judged in the words of the AWS CLI: botocore's own validator is the measure."""

import copy
import json

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.unit.runtime.request_documents.asking import image, parameters_at_fault, rejected, snapshot, valid
from tests.unit.runtime.request_documents.valid_requests import VALID_REQUESTS, operation_of
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import parse_file
from vmie_runtime.request_documents.operations import dressed

OURS = ("Vmie",)
# What the pipeline adds to a request that lacks it.
FILLED_IN = {
    'Missing required parameter in DiskImages[0].Image: "Bytes"',
    'Missing required parameter in input: "S3ExportLocation"',
}


@pytest.fixture(scope="module")
def said_by_botocore():
    model = get_session().get_service_model("ec2")

    def said(operation, document):
        shape = model.operation_model(operation).input_shape
        parameters = {name: value for name, value in document.items() if name not in OURS}
        report = ParamValidator().validate(parameters, shape).generate_report()
        # JSON has no tuples.
        lines = set(report.replace(", <class 'tuple'>", "").splitlines())
        return lines - FILLED_IN

    return said


@pytest.mark.parametrize(
    ("operation", "document"),
    [
        ("ImportImage", image(Encrypted="yes")),
        ("ImportImage", image(DryRun=1)),
        ("ImportImage", image(Description=["a"] * 0)),
        ("ImportImage", image(LicenseSpecifications={})),
        ("ImportImage", {"DiskContainers": ["disk.vmdk"]}),
        ("ImportImage", {"DiskContainers": "disk.vmdk"}),
        ("ImportImage", image({"UserBucket": {"S3Key": 5}})),
        ("ImportImage", image({"UserBucket": None})),
        ("ImportSnapshot", snapshot(KmsKeyId=True)),
        ("ImportVolume", valid("a volume", Volume={"Size": "2"})),
        ("ImportVolume", valid("a volume", Volume={})),
        ("ImportInstance", valid("an instance", Platform=None)),
        ("ImportInstance", valid("an instance", LaunchSpecification={"GroupIds": [1, 2]})),
        ("ExportImage", valid("an image export", RoleName=1.5)),
        ("CreateInstanceExportTask", valid("an instance export", TargetEnvironment=None)),
    ],
)
def test_wrong_types_and_missing_keys_read_as_in_the_aws_cli(said_by_botocore, operation, document):
    expected = said_by_botocore(operation, document)
    assert expected
    for line in expected:
        assert line in rejected(document).text


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            image({"UserBucket": {"S3Key": "a.vmdk", "S3key": "a.vmdk"}}),
            'Unknown parameter in DiskContainers[0].UserBucket: "S3key", must be one of: S3Bucket, S3Key. '
            "Did you mean S3Key?",
        ),
        (
            snapshot(Licencetype="BYOL"),
            'Unknown parameter in input: "Licencetype", must be one of: ClientData, ClientToken, '
            "Description, DiskContainer, DryRun, Encrypted, KmsKeyId, RoleName, TagSpecifications, Vmie",
        ),
        (image(LicenceType="BYOL"), "Vmie. Did you mean LicenseType?"),
        (image(**{"license-type": "BYOL"}), "Did you mean LicenseType?"),
        (image(S3Key="a.vmdk"), "It belongs in DiskContainers[].UserBucket."),
        (image(Deadline="PT2H"), "It belongs in Vmie."),
        (image({"UserBucket": {"S3Key": "a.vmdk"}, "LicenseType": "BYOL"}), "It belongs at the top"),
        (image(Vmie={"Deadlin": "PT2H"}), "Did you mean Deadline?"),
        (image(BootMode="uefii"), "must be one of: legacy-bios, uefi, uefi-preferred. Did you mean uefi?"),
        (
            image(LicenseType="BYOLL"),
            "Invalid value for parameter LicenseType, value: BYOLL, must be one of: AWS, BYOL. "
            "Did you mean BYOL?",
        ),
        (
            valid("an instance", LaunchSpecification={"InstanceType": "m3.mediun"}),
            "value: m3.mediun, which EC2 does not know. Did you mean m3.medium?",
        ),
    ],
)
def test_the_nearest_known_name_and_the_right_place_are_named(document, words):
    assert words in rejected(document).text


def test_every_problem_is_told_with_its_key():
    rejection = rejected(
        image(Encrypted="yes", BootMode="bios", Nonsense=1, Vmie={"Attempts": 9, "Method": "magic"})
    )
    assert rejection.code == "InvalidParameterType"
    assert rejection.text.startswith("5 problems:\n")
    assert sorted(parameters_at_fault(rejection)) == [
        "BootMode",
        "Encrypted",
        "Nonsense",
        "Vmie.Attempts",
        "Vmie.Method",
    ]


def test_more_problems_than_anybody_reads_are_counted():
    rejection = rejected(image(**{f"Nonsense{number}": 1 for number in range(25)}))
    assert len(rejection.facts["Problems"]) == 10
    assert rejection.text.startswith("25 problems:\n")
    assert rejection.text.endswith("\n… and 15 more.")


@pytest.mark.parametrize("name", VALID_REQUESTS)
def test_what_is_valid_here_is_valid_to_botocore(said_by_botocore, name):
    document = dressed(copy.deepcopy(VALID_REQUESTS[name]))
    assert not said_by_botocore(operation_of(name), document)


SECRET = "X-Amz-Signature=5ecce7"


@pytest.mark.parametrize(
    "document",
    [
        image({"Url": f"http://disks-of-ours.s3.amazonaws.com/a.vmdk?{SECRET}"}),
        image({"Url": f"https://user:{SECRET}@disks-of-ours.s3.amazonaws.com/a.vmdk"}),
        image({"Url": f"https://elsewhere.example/a.vmdk?{SECRET}"}),
        image({"Url": [f"https://disks-of-ours.s3.amazonaws.com/a.vmdk?{SECRET}"]}),
        image(Platform=f"https://disks-of-ours.s3.amazonaws.com/a.vmdk?{SECRET}"),
        image(Encrypted=f"https://disks-of-ours.s3.amazonaws.com/a.vmdk?{SECRET}"),
        image(**{f"https://disks-of-ours.s3.amazonaws.com/a.vmdk?{SECRET}": 1}),
        image(Vmie={"Tags": {f"aws:{SECRET}": ""}}),
        valid("an instance", LaunchSpecification={"UserData": f"password={SECRET}"}),
        valid("an instance", LaunchSpecification={"UserData": {"Data": [SECRET]}}),
        snapshot(Vmie={"RegisterImage": {"UefiData": [SECRET]}}),
    ],
)
def test_no_message_repeats_what_authorises(document):
    assert "5ecce7" not in str(rejected(document))


def test_no_message_of_a_file_repeats_what_authorises():
    with pytest.raises(RequestRejected) as raised:
        parse_file(json.dumps(f"https://disks-of-ours.s3.amazonaws.com/a.vmdk?{SECRET}").encode())
    assert "5ecce7" not in str(raised.value)
