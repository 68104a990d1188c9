"""The local AWS: one endpoint on 127.0.0.1 and the parts behind it."""

from __future__ import annotations

import logging
import shutil
import socket
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config
from werkzeug.serving import BaseWSGIServer, make_server

from vmie_local.clock import Clock
from vmie_local.cloudformation import CloudFormation
from vmie_local.ebs_default_key import EbsDefaultKey
from vmie_local.events import Events
from vmie_local.front_door import FrontDoor
from vmie_local.front_door.uploads import is_upload
from vmie_local.functions import Functions
from vmie_local.message_moves import MessageMoves
from vmie_local.moto_seams import (
    application,
    composite_alarms,
    dynamodb_encryption,
    dynamodb_transactions,
    instances,
    lambda_versions,
    log_groups,
    s3_customer_keys,
    s3_ownership,
    s3_policies,
    s3_storage,
)
from vmie_local.object_storage import BodyIntake, BodyStore, Handover
from vmie_local.policy_simulation import PolicySimulation
from vmie_local.settings import Settings
from vmie_local.vm_import import VmImport
from vmie_local.workflows import Workflows

ADMIN_ACCESS_KEY_ID = "AKIALOCALADMIN000000"
ADMIN_SECRET_ACCESS_KEY = "local-admin-secret"  # noqa: S105 - no secret: it opens nothing but this process

# A synchronous invocation answers when the function does: after 15 minutes at most.
_READ_TIMEOUT_SECONDS = 930


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class LocalAws:
    """AWS on one machine. One per process: moto keeps its state in module globals."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Prepare every part; nothing listens before `start`.

        Args:
            settings: Port, time scale, IAM mode and the like. Default: `Settings()`.
        """
        self.settings = settings or Settings()
        self.clock = Clock(self.settings.time_scale)
        self._own_data_dir = self.settings.data_dir is None
        self.data_dir = self.settings.data_dir or Path(tempfile.mkdtemp(prefix="vmie-local-"))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self.settings.port))
        self.port: int = self._socket.getsockname()[1]
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        application.configure(self.port)
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._credentials: dict[tuple[str, str], Credentials] = {}
        self._credentials_lock = threading.Lock()
        self._client_lock = threading.Lock()
        bodies = BodyStore(self.data_dir / "objects")
        instances.install()
        s3_storage.install(bodies)
        for seams in (
            s3_customer_keys,
            s3_ownership,
            s3_policies,
            lambda_versions,
            composite_alarms,
            dynamodb_encryption,
            dynamodb_transactions,
            log_groups,
        ):
            seams.install()
        self.handover = Handover(bodies)
        behind = BodyIntake(bodies, is_upload, application.application(), self.handover)
        self.front_door = FrontDoor(self, behind)
        self.workflows = Workflows(self)
        self.functions = Functions(self)
        self.events = Events(self)
        self.policy_simulation = PolicySimulation(self.front_door)
        self.ebs_default_key = EbsDefaultKey(self.front_door)
        self.message_moves = MessageMoves(self.front_door)
        self.vm_import = VmImport(self)
        self.cloudformation = CloudFormation(self)
        self._parts = (self.workflows, self.functions, self.events, self.vm_import, self.cloudformation)

    @property
    def endpoint(self) -> str:
        """The URL of every service."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> LocalAws:
        """Listen and start the parts."""
        self._socket.listen(128)
        self._server = make_server(
            "127.0.0.1",
            self.port,
            self.cloudformation.answers(self.front_door),
            threaded=True,
            request_handler=application.request_handler(),
            fd=self._socket.fileno(),
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()
        for part in self._parts:
            part.start()
        return self

    def stop(self) -> None:
        """Stop the parts, close the endpoint and remove the temporary data; also if it never started."""
        if self._thread is not None and self._server is not None:
            for part in reversed(self._parts):
                part.stop()
            self._server.shutdown()
            self._thread.join()
        self._socket.close()
        if self._own_data_dir:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self) -> LocalAws:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(
        self,
        service: str,
        *,
        region: str | None = None,
        role_arn: str | None = None,
        config: Config | None = None,
    ) -> Any:
        """A boto3 client of this endpoint.

        Args:
            service: boto3's service name.
            region: Default: the region of the settings.
            role_arn: Call as this role. Default: as the administrator, whom no policy limits.
            config: Options that come before the ones of this method.
        """
        credentials = (
            self.role_credentials(role_arn, "local")
            if role_arn
            else Credentials(ADMIN_ACCESS_KEY_ID, ADMIN_SECRET_ACCESS_KEY, "")
        )
        options = Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            read_timeout=_READ_TIMEOUT_SECONDS,
        )
        with self._client_lock:  # boto3's default session is not safe for threads
            return boto3.client(  # type: ignore[call-overload]
                service,
                region_name=region or self.settings.region,
                endpoint_url=self.endpoint,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=credentials.session_token or None,
                config=options.merge(config) if config else options,
            )

    def role_credentials(self, role_arn: str, session_name: str) -> Credentials:
        """Credentials of a role, as the service that runs on its behalf would have them."""
        key = (role_arn, session_name)
        with self._credentials_lock:
            if key not in self._credentials:
                answer = self.client("sts").assume_role(
                    RoleArn=role_arn, RoleSessionName=session_name[:64], DurationSeconds=43200
                )["Credentials"]
                self._credentials[key] = Credentials(
                    answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
                )
            return self._credentials[key]

    def environ(self) -> dict[str, str]:
        """What points the AWS CLI, boto3 and the CDK CLI at this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ADMIN_ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": ADMIN_SECRET_ACCESS_KEY,
            "AWS_REGION": self.settings.region,
            "AWS_DEFAULT_REGION": self.settings.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }
