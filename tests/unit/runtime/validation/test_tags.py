"""What the pipeline tags beside what others ask for is counted in full."""

from tests.unit.runtime.world import World
from vmie_runtime.made import Made
from vmie_runtime.stages.stage import stage_tags
from vmie_runtime.steps.finish_request import handler
from vmie_runtime.validation.tags import PIPELINES_OWN


def test_an_image_of_a_request_without_tags_has_the_pipelines_own(world: World, context):
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running(stage=1, made=made)
    world.aws.ec2.add_image("ami-1", "snap-1")

    handler(world.step(request), context)

    assert set(world.aws.ec2.tags["ami-1"]) | stage_tags(request, "requests").keys() == PIPELINES_OWN
