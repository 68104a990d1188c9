"""A front door that listens, before an application that is not moto."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from werkzeug.serving import make_server

from vmie_local.clock import Clock
from vmie_local.front_door import ApiCall, ApiError, FrontDoor
from vmie_local.settings import Settings

AWS = Path(sys.executable).parent / "aws"
MOMENT = 1_795_168_800

# One operation of each protocol: what is answered, and the command that asks for it.
ANSWERS: dict[str, tuple[str, str, dict[str, Any], list[str]]] = {
    "ec2": (
        "ec2",
        "DescribeImportImageTasks",
        {
            "ImportImageTasks": [
                {
                    "ImportTaskId": "import-ami-1",
                    "Status": "active",
                    "SnapshotDetails": [{"DiskImageSize": 1.5, "Url": "s3://a/<b>&c"}],
                    "Tags": [{"Key": "team", "Value": "web"}],
                    "Encrypted": False,
                }
            ]
        },
        ["ec2", "describe-import-image-tasks"],
    ),
    "query": (
        "iam",
        "SimulatePrincipalPolicy",
        {"EvaluationResults": [{"EvalActionName": "s3:GetObject", "EvalDecision": "allowed"}]},
        [
            *("iam", "simulate-principal-policy", "--action-names", "s3:GetObject"),
            *("--policy-source-arn", "arn:aws:iam::123456789012:role/x"),
        ],
    ),
    "json": (
        "states",
        "DescribeExecution",
        {"executionArn": "arn", "status": "RUNNING", "startDate": MOMENT, "input": '{"é": 1}'},
        [
            "stepfunctions",
            "describe-execution",
            "--execution-arn",
            "arn:aws:states:us-east-1:1:execution:m:e",
        ],
    ),
    "json of several": (
        "cloudwatch",
        "ListMetrics",
        {"Metrics": [{"Namespace": "VmImportExport", "MetricName": "Imports"}]},
        ["cloudwatch", "list-metrics"],
    ),
    "rest-json": (
        "ebs",
        "ListSnapshotBlocks",
        {
            "Blocks": [{"BlockIndex": 3, "BlockToken": "t"}],
            "VolumeSize": 1,
            "BlockSize": 524288,
            "ExpiryTime": MOMENT,
        },
        ["ebs", "list-snapshot-blocks", "--snapshot-id", "snap-12345678901234567"],
    ),
    "rest-xml": (
        "s3",
        "GetBucketAcl",
        {
            "Owner": {"ID": "0123"},
            "Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "4567"}, "Permission": "READ"}],
        },
        ["s3api", "get-bucket-acl", "--bucket", "images"],
    ),
}


@dataclass
class FakeCloud:
    """What the front door needs of the local AWS."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)
    endpoint: str = ""


def behind(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The application behind: it tells what it was asked."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    told = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {len(environ['wsgi.input'].read(length))}"
    start_response("200 OK", [("x-behind", told), ("Content-Length", "0")])
    return []


@dataclass
class Served:
    """A front door that listens."""

    door: FrontDoor
    endpoint: str
    seen: list[ApiCall]

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="AKIALOCALADMIN000000",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIALOCALADMIN000000",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }
        command = [str(AWS), "--output", "json", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    def control(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        body = json.dumps(document).encode() if document is not None else None
        request = urllib.request.Request(f"{self.endpoint}/_vmie/{path}", method=method, data=body)
        try:
            with urllib.request.urlopen(request) as answer:
                raw = answer.read()
                return answer.status, json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@contextmanager
def serve() -> Iterator[Served]:
    """A front door with a handler for one operation of each protocol; what says `refuse` is refused."""
    cloud, seen = FakeCloud(Settings(iam="off")), []
    door = FrontDoor(cloud, behind)

    def answering(members: dict[str, Any]) -> Any:
        def handle(call: ApiCall) -> dict[str, Any]:
            seen.append(call)
            if "refuse" in json.dumps(call.parameters, default=str):
                raise ApiError("InvalidParameter", "No <disk> & no image.", 400)
            return members

        return handle

    for service, operation, members, _ in ANSWERS.values():
        door.register(service, operation, answering(members))
    server = make_server("127.0.0.1", 0, door, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cloud.endpoint = f"http://127.0.0.1:{server.server_port}"
    yield Served(door, cloud.endpoint, seen)
    server.shutdown()
    thread.join()
