"""What the CDK adds to every stack."""

from __future__ import annotations

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType, nothing


def _metadata(request: Request) -> Created:
    return Created(request.physical_id or request.generated_name(64))


TYPES = (
    # Usage analytics: it has no operation on AWS either.
    ResourceType(
        name="AWS::CDK::Metadata",
        honours=frozenset(),
        inert=frozenset({"Analytics"}),
        create=_metadata,
        update=_metadata,
        delete=nothing,
    ),
)
