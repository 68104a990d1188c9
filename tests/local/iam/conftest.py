from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.iam.roles import Role, RoleMaker, numbers
from vmie_local import LocalAws


@pytest.fixture
def role(cloud: LocalAws) -> RoleMaker:
    return lambda *statements, **more: Role(cloud, f"iam-test-{next(numbers)}", *statements, **more)


@pytest.fixture
def bucket(cloud: LocalAws) -> Iterator[str]:
    name, s3 = f"iam-test-{next(numbers)}", cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="images/web.vmdk", Body=b"disk", Tagging="team=web")
    yield name
