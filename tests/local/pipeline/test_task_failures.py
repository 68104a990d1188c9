"""Every way a task is known to end `deleted`: code, cause, remedy and link reach the result."""

import pytest

from tests.local.pipeline.harness import Pipeline
from vmie_runtime.diagnosis import diagnose_task

# /docs/errors.md lists them with their meaning; the texts are those that AWS and its users have published.
MESSAGES = [
    "ClientError: Disk validation failed [Unsupported VMDK File Format]",
    "ClientError: Disk validation failed "
    "[OVF file parsing error: OVA with chunked disk files is not supported]",
    "ClientError: Disk validation failed [We do not have access to the given resource. Reason 403 Forbidden]",
    "ClientError: Disk validation failed [Unsupported specified file format]",
    "ClientError: Unknown OS / Missing OS files.",
    "ClientError: No valid partitions. Not a valid volume.",
    "ClientError: Unsupported kernel version 5.8.0-59-generic",
    "ClientError: Multiple different grub/menu.lst files found.",
    "ClientError: EFI partition detected. UEFI booting is not supported in EC2.",
    "ClientError: Footers not identical",
    "ClientError: Uncompressed data has an invalid length",
    "ClientError: Invalid configuration - Could not read fstab",
    "ClientError: BLSC-style GRUB found, but unable to detect default kernel",
    "ClientError: We were unable to read your import's initramfs/initrd to determine what drivers "
    "your import requires to run in EC2",
    "ClientError: Unsupported configuration - Logical volume group activation failed",
    "ClientError: Unsupported configuration - Multiple directories found",
    "ClientError: Booter Networking failure/instance not reachable. Please retry after installation of .Net "
    "framework 3.5 SP1 or greater.",
    "FirstBootFailure: This import request failed because the Windows instance failed to boot and establish "
    "network connectivity.",
    "FirstBootFailure: This import request failed because the instance failed to boot and establish network "
    "connectivity.",
    "ServerError: Something went wrong on our side.",
]
UNSEEN = "ClientError: The flux capacitor is not aligned"
TEXTS = [*MESSAGES, *(f"CLIENT_ERROR : {each}" for each in MESSAGES), UNSEEN]
KEYS = [f"images/task-failure-{number}.vmdk" for number in range(len(TEXTS))]


@pytest.fixture
def failing(pipeline: Pipeline):
    for text in TEXTS:
        pipeline.inject("ImportImage", StatusMessage=text, Phase="validating")
    for key in KEYS:
        pipeline.upload(key)


def test_every_status_message_reaches_the_result_with_its_meaning(pipeline: Pipeline, failing: None):
    results = [pipeline.ended(key) for key in KEYS]

    assert {result["Status"] for result in results} == {"Failed"}
    assert sorted(result["Error"]["Message"] for result in results) == sorted(TEXTS)
    for result in results:
        meaning = diagnose_task(result["Error"]["Message"])
        assert result["Error"] == meaning.to_document()
        assert (meaning.category == "unknown") == (meaning.message == UNSEEN), meaning
        assert pipeline.execution(result)["error"] == meaning.code
