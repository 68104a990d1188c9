"""The shape of a request says which operation it asks for."""

import pytest

from tests.unit.runtime.request_documents.asking import accepted, image, parameters_at_fault, rejected, valid
from tests.unit.runtime.request_documents.valid_requests import VALID_REQUESTS, operation_of
from vmie_runtime.request_documents import parse_start


@pytest.mark.parametrize("name", VALID_REQUESTS)
def test_a_valid_request_is_told_by_its_shape(name):
    assert accepted(VALID_REQUESTS[name]).operation == operation_of(name)


@pytest.mark.parametrize("name", VALID_REQUESTS)
def test_a_file_and_a_start_read_alike(name):
    assert parse_start(VALID_REQUESTS[name]) == accepted(VALID_REQUESTS[name])


def test_a_bare_list_of_containers_lies_under_its_key():
    containers = VALID_REQUESTS["the guide's containers.json with two disks"]
    read = [{**container, "Format": "VMDK"} for container in containers]
    assert accepted(containers).parameters == {"DiskContainers": read}


def test_a_bare_container_lies_under_its_key():
    container = VALID_REQUESTS["the guide's containers.json for a snapshot"]
    assert accepted(container).parameters == {"DiskContainer": container}


def test_what_a_request_has_beside_a_bare_container_is_not_the_containers():
    read = accepted(
        VALID_REQUESTS["the guide's containers.json for a snapshot, with what a request has beside"]
    )
    assert read.parameters["DiskContainer"] == {
        "Description": "My server VMDK",
        "Format": "VMDK",
        "UserBucket": {"S3Key": "vms/my-server-vm.vmdk"},
    }
    assert read.parameters.keys() == {"DiskContainer", "Encrypted", "KmsKeyId", "TagSpecifications"}
    assert (read.options, read.role_name, read.dry_run, read.client_token) == (
        {"Name": "my server"},
        "vmimport",
        True,
        "wave-1-data",
    )


@pytest.mark.parametrize("key", ["BootMode", "DiskImages[0]", "Tags"])
def test_what_no_snapshot_request_has_stays_unknown_beside_a_bare_container(key):
    assert parameters_at_fault(rejected({"UserBucket": {"S3Key": "a.vmdk"}, key: "x"})) == [
        f"DiskContainer.{key}"
    ]


def test_enumerations_in_any_case_are_read_as_ec2_writes_them():
    """RegisterImage, which comes after the import, takes no other case."""
    read = accepted(
        image(
            {"Format": "Vmdk", "UserBucket": {"S3Key": "Web.VMDK"}},
            Architecture="ARM64",
            LicenseType="byol",
            Platform="linux",
            Hypervisor="XEN",
            Description="ARM64",
            Vmie={"Method": "auto", "RegisterImage": {"Architecture": "Arm64"}},
        )
    )
    assert read.parameters == {
        "DiskContainers": [{"Format": "VMDK", "UserBucket": {"S3Key": "Web.VMDK"}}],
        "Architecture": "arm64",
        "LicenseType": "BYOL",
        "Platform": "Linux",
        "Hypervisor": "xen",
        "Description": "ARM64",
    }
    assert read.options["RegisterImage"] == {"Architecture": "arm64"}


def test_what_is_ours_is_taken_out_and_the_rest_is_left_as_it_was():
    written = VALID_REQUESTS["an image with everything"]
    read = accepted(written)
    assert (read.role_name, read.dry_run, read.client_token) == ("vmimport", False, "wave-1-web-1")
    assert read.options == written["Vmie"]
    ours = {"Vmie", "RoleName", "DryRun", "ClientToken"}
    left = {name: value for name, value in written.items() if name not in ours}
    assert read.parameters == {**left, "LicenseType": "BYOL"}


def test_what_is_not_given_is_not_filled_in():
    read = accepted(image())
    assert (read.role_name, read.dry_run, read.client_token, read.options) == (None, False, None, {})


@pytest.mark.parametrize("name", VALID_REQUESTS)
def test_every_operation_can_be_a_dry_run(name):
    if isinstance(VALID_REQUESTS[name], dict) and "UserBucket" not in VALID_REQUESTS[name]:
        assert accepted(valid(name, DryRun=True)).dry_run


@pytest.mark.parametrize("name", VALID_REQUESTS)
def test_an_editors_schema_key_is_ignored(name):
    written = VALID_REQUESTS[name]
    if isinstance(written, dict):
        assert accepted({"$schema": "request.schema.json", **written}) == accepted(written)


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ({}, "input", "it holds nothing. It needs one of: DiskContainers for ImportImage;"),
        ({"Bucket": "b", "Key": "k"}, "input", "it holds Bucket, Key."),
        ({"DiskContaners": []}, "DiskContainers", '"DiskContaners". Did you mean DiskContainers?'),
        ({"disk-containers": []}, "DiskContainers", "Did you mean DiskContainers?"),
        ({"requests": []}, "Requests", "Did you mean Requests?"),
        ({"Image": {}, "Volumes": {}}, "Volume", 'by Image and Volume. Is it "Volumes"?'),
        ({"Image": {}}, "Volume", '"Image" is there, so this reads as ImportVolume'),
        ({"ImageId": "ami-0123456789abcdef0"}, "DiskImageFormat", "reads as ExportImage"),
        ({"ExportToS3Task": {}}, "InstanceId", "reads as CreateInstanceExportTask"),
        (
            {"DiskContainers": [], "DiskContainer": {}},
            "DiskContainer",
            "this one has DiskContainers (ImportImage) and DiskContainer (ImportSnapshot)",
        ),
        ({"Vmie": {"ImportTaskId": "export-ami-0123456789abcdef0"}}, "input", "does not say what to do"),
    ],
)
def test_what_was_understood_and_what_is_missing_is_told(document, path, words):
    rejection = rejected(document)
    assert rejection.code == "UnknownOperation"
    assert parameters_at_fault(rejection)[0] == path
    assert words in rejection.text


def test_options_are_looked_at_where_the_operation_is_not_known():
    assert parameters_at_fault(rejected({"Vmie": {"ImportTaskID": "import-ami-d1974645895f0b04t"}})) == [
        "input",
        "Vmie.ImportTaskID",
    ]
    assert parameters_at_fault(rejected({"Vmie": ["ImportTaskId"]})) == ["input", "Vmie"]


@pytest.mark.parametrize(
    ("task", "operation"),
    [("import-ami-d1974645895f0b04t", "ImportImage"), ("import-snap-2b608c5f4fbcc276t", "ImportSnapshot")],
)
def test_an_adopted_task_says_its_operation_itself(task, operation):
    assert accepted({"Vmie": {"ImportTaskId": task}}).operation == operation
