"""`cdk destroy` with a live task: the task is cancelled, the result written, the buckets stay."""

from tests.local.pipeline.conftest import ROOT
from tests.local.pipeline.harness import Pipeline
from vmie_local import LocalAws
from vmie_local.deployment import CdkCli


def test_destroying_the_stack_cancels_what_runs_and_what_waits(cloud: LocalAws):
    cli = CdkCli(cloud, ROOT)
    context = {"vmie:stackName": "Doomed", "vmie:maxConcurrentTasks": "1", "vmie:stallTimeoutMinutes": "700"}
    cli.bootstrap()
    doomed = Pipeline(cloud, cli.deploy(context=context)["Doomed"])
    # Tasks run in scaled time, the CDK CLI does not: this one must outlast its start.
    doomed.inject("ImportImage", Stall=True, Phase="converting")
    doomed.upload("images/runs.vmdk")
    running = doomed.running("images/runs.vmdk")
    doomed.upload("images/waits.vmdk")
    doomed.request_of("images/waits.vmdk")

    cli.destroy(context=context)

    for key in ("images/runs.vmdk", "images/waits.vmdk"):
        result = doomed.result(key)
        assert result is not None
        assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "StackDeleted"), result
    assert [task["Status"] for task in doomed.tasks_of(running["Id"])] == ["deleted"]
    assert not [
        image
        for image in doomed.images()
        if {"Key": "vmie:request-id", "Value": running["Id"]} in image.get("Tags", [])
    ]
