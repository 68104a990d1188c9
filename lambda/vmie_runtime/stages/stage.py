"""What every stage of a request offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from vmie_runtime.made import Made
from vmie_runtime.request import Request

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_s3 import S3Client

    from vmie_runtime.settings import Settings

REQUEST_ID_TAG = "vmie:request-id"
ATTEMPT_TAG = "vmie:attempt"
STAGE_TAG = "vmie:stage"
WORKFLOW_TAG = "vmie:workflow"
RESERVED = ("vmie:", "aws:")


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a stage started, as EC2 shows it: a task, or a resource that comes to be.

    Attributes:
        id: Its id.
        status: `active`, `deleting`, `deleted` or `completed`, whatever EC2 calls it.
        phase: EC2's words for where it stands or why it failed; None once completed.
        progress: A percentage as text; never monotone, never a condition.
        made: What it has made.
        tags: Its tags.
    """

    id: str
    status: str
    phase: str | None = None
    progress: str | None = None
    made: Made = field(default_factory=Made)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Tell whether it changes no more."""
        return self.status in ("completed", "deleted")


@dataclass(frozen=True, kw_only=True)
class Work:
    """A request and the means to work on it.

    Attributes:
        request: The request, at one of its stages.
        ec2: The EC2 client.
        s3: The S3 client.
        workflow: The value of the tag `vmie:workflow`.
        settings: What the stack's owner configured, as far as the function was told.
        now: The moment that counts.
    """

    request: Request
    ec2: EC2Client
    s3: S3Client
    workflow: str
    settings: Settings
    now: str

    @property
    def tags(self) -> dict[str, str]:
        """The tags that tell what the stage makes as ours."""
        return stage_tags(self.request, self.workflow)


def is_superfluous(request: Request, task: Task) -> bool:
    """Tell whether an open request follows another task in this one's place: a call was made twice.

    Args:
        request: The request that the task is marked with.
        task: A task that carries our tags.
    """
    attempt, stage = task.tags.get(ATTEMPT_TAG, ""), task.tags.get(STAGE_TAG, "")
    if not (attempt.isdecimal() and stage.isdecimal()):
        return False
    place, reached = (int(attempt), int(stage)), (request.attempt, request.stage)
    return place < reached or (place == reached and request.task_id not in (None, task.id))


class Stage(ABC):
    """One call to EC2 and what follows from it.

    A stage keeps nothing: the requests table knows which one is under way and what it runs.
    """

    operation: ClassVar[str]
    """The EC2 operation."""

    is_import_task: ClassVar[bool] = False
    """Whether it runs a task that a result names as its `ImportTaskId`."""

    is_export_task: ClassVar[bool] = False
    """Whether it runs a task that a result names as its `ExportTaskId`."""

    shows_progress: ClassVar[bool] = True
    """Whether EC2 shows that its task moves; only one that does can be seen to stall."""

    marks_what_it_names: ClassVar[bool] = False
    """Whether what its task names must be tagged while it runs: its operation takes no tags."""

    has_manifest: ClassVar[bool] = False
    """Whether it writes an import manifest, which goes when the request ends."""

    has_token: ClassVar[bool] = False
    """Whether EC2 tells by a token that a call was made before; without one, `find` does."""

    first_look_after: ClassVar[int] = 5
    """Seconds until its first look; tasks of VM Import/Export take minutes at least."""

    @abstractmethod
    def start(self, work: Work) -> str:
        """Make the call; give the id of what it started.

        Made again, it starts nothing twice: by EC2's own token, or because `find` was asked before.
        """

    @abstractmethod
    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """What the stage started, or None where EC2 does not know it (any more)."""

    def find(self, work: Work) -> Task | None:  # noqa: ARG002
        """What an earlier run of `start` began and did not live to write down."""
        return None

    def cancel(self, ec2: EC2Client, task: Task, reason: str) -> None:  # noqa: B027
        """Ask EC2 to stop; what cannot be stopped is removed once it has come to be."""

    def made_after(self, made: Made, task: Task) -> Made:
        """What the request has made once the task has completed."""
        return made.and_also(task.made)

    def current(self, work: Work) -> Task | None:
        """What the stage runs for a request, written down or not."""
        if work.request.task_id is not None:
            return self.describe(work.ec2, work.request.task_id)
        return self.find(work)


def stage_tags(request: Request, workflow: str) -> dict[str, str]:
    """The tags of what a request's present stage makes."""
    return {
        REQUEST_ID_TAG: request.id,
        ATTEMPT_TAG: str(request.attempt),
        STAGE_TAG: str(request.stage),
        WORKFLOW_TAG: workflow,
    }


def ec2_tags(tags: dict[str, str]) -> list[Any]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def plain_tags(tags: list[Any]) -> dict[str, str]:
    """EC2's tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def merged_tags(work: Work, resource_type: str) -> dict[str, str]:
    """The tags that an import's call makes something with: the request's, the owner's over them, then ours.

    A request may not change what the owner tells costs or permissions by.
    """
    return {
        **work.request.options.get("Tags", {}),
        **asked_tags(work.request, resource_type),
        **work.settings.import_defaults.get("Tags", {}),
        **work.tags,
    }


def asked_tags(request: Request, resource_type: str) -> dict[str, str]:
    """The tags that a request's `TagSpecifications` ask for on a type of resource."""
    return {
        tag["Key"]: tag["Value"]
        for specification in request.parameters.get("TagSpecifications", [])
        if specification.get("ResourceType") == resource_type
        for tag in specification.get("Tags", [])
    }
