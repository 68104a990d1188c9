"""The pipeline: `app.py`, deployed by the real CDK CLI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from vmie_local.demo.disk_file import REPOSITORY
from vmie_local.demo.errors import DemoError
from vmie_local.deployment import CdkCli, DeploymentError

if TYPE_CHECKING:
    from vmie_local.demo.screen import Screen
    from vmie_local.server import LocalAws

_LINES_SHOWN = 25


@dataclass(frozen=True)
class Pipeline:
    """A deployed stack.

    Attributes:
        bucket: The import bucket.
        outputs: Every output of the stack.
    """

    bucket: str
    outputs: dict[str, str]

    @classmethod
    def deploy(cls, cloud: LocalAws, screen: Screen) -> Self:
        """Bootstrap the local AWS and deploy the repository's app.

        Raises:
            DemoError: If the CDK CLI fails; with its last lines.
        """
        try:
            cli = CdkCli(cloud, REPOSITORY)
            with screen.step("cdk bootstrap"):
                cli.bootstrap()
            with screen.step("cdk deploy") as tell:
                stacks = cli.deploy()
                tell(", ".join(stacks))
        except DeploymentError as error:
            raise DemoError(
                _last_lines(str(error)),
                "Fix what the CDK CLI names, or run `make clean` and then `make demo` again.",
            ) from error
        for outputs in stacks.values():
            if "ImportBucketName" in outputs:
                return cls(outputs["ImportBucketName"], outputs)
        raise DemoError(
            f"The deployed app has no output ImportBucketName (stacks: {', '.join(stacks) or 'none'}).",
            "Is app.py the one of the repository? git diff app.py cdk.json",
        )


def _last_lines(text: str) -> str:
    lines = text.rstrip().splitlines()
    left_out = len(lines) - _LINES_SHOWN
    return "\n".join(lines if left_out <= 1 else [lines[0], f"… {left_out} lines …", *lines[-_LINES_SHOWN:]])
