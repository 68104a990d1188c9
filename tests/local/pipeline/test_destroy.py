"""`cdk destroy` with live tasks: they are cancelled, the results written, the buckets stay."""

import time

from tests.local.pipeline.conftest import ROOT
from tests.local.pipeline.exports.exporting import ExportPipeline, of_image
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.privileges import granted_actions, unused_actions
from vmie_local import LocalAws
from vmie_local.deployment import CdkCli

KEYS = ("images/runs.vmdk", "images/waits.vmdk", "images/completed-unseen.vmdk")


def test_destroying_the_stack_ends_what_runs_what_waits_and_what_nobody_saw_complete(cloud: LocalAws):
    cli = CdkCli(cloud, ROOT)
    context = {
        "vmie:stackName": "Doomed",
        "vmie:maxConcurrentTasks": "3",
        "vmie:stallTimeoutMinutes": "700",
        "vmie:allowedImages": "*",
    }
    doomed = Pipeline(cloud, cli.deploy(context=context)["Doomed"])
    doomed.slow_down_rounds()
    exports = ExportPipeline(cloud, doomed.outputs)
    image_id = exports.import_image("exported")
    exports.inject("ExportImage", Stall=True, Phase="converting")
    exported = exports.ask("runs", of_image(image_id, "RAW"))
    exports.running(exported)
    # Tasks run in scaled time, the CDK CLI does not: this one must outlast its start.
    # In its last phase it has a snapshot, which is gone once it is cancelled.
    doomed.inject("ImportImage", Stall=True, Phase="preparing ami")
    doomed.upload("images/runs.vmdk")
    doomed.running("images/runs.vmdk")
    doomed.upload("images/completed-unseen.vmdk")
    doomed.running("images/completed-unseen.vmdk")
    with doomed.without_rounds():
        doomed.upload("images/waits.vmdk")
        # The upload wakes the reconciler; its round must be over before there is something to be overlooked.
        eventually(lambda: doomed.result("images/waits.vmdk"), "the queued result")
        time.sleep(2)
        doomed.stop_unseen("images/completed-unseen.vmdk")
        granted = granted_actions(doomed, "Drain")
        requests = {key: doomed.request_of(key)["Id"] for key in KEYS}

        cli.destroy(context=context)

    for key in KEYS:
        result = doomed.result(key)
        assert result is not None
        assert result["Status"] == "Cancelled", result
        assert result["Error"]["Code"] == "StackDeleted", result
        assert not doomed.images_of(requests[key])
    assert [task["Status"] for task in doomed.tasks_of(requests["images/runs.vmdk"])] == ["deleted"]
    assert doomed.tasks_of(requests["images/waits.vmdk"]) == []
    result = exports.result(exported)
    assert result is not None
    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "StackDeleted"), result
    assert [task["Status"] for task in exports.tasks_of(result["RequestId"])] == ["deleted"]
    assert exports.written(result["ExportTaskId"]) == []
    assert unused_actions(doomed, granted) == {}
