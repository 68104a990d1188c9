"""The condition keys of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.identities import Identity
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.front_door.authorization.resources import Resources

_RESOURCE_TAG = "resourcetag/"
_OBJECT_TAG = "s3:existingobjecttag/"

_MAY_BE_ABSENT = (
    "aws:calledvia",
    "aws:multifactorauth",
    "aws:principalorg",
    "aws:principaltag/",
    "aws:referer",
    "aws:requesttag/",
    "aws:resourceorg",
    "aws:resourcetag/",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorg",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:tagkeys",
    "aws:username",
    "aws:vpcsource",
    "cloudwatch:namespace",
    "ebs:",
    "ec2:createaction",
    "ec2:resourcetag/",
    "events:detail-type",
    "events:source",
    "iam:passedtoservice",
    "iam:resourcetag/",
    "kms:encryptioncontext",
    "kms:grantisforawsresource",
    "kms:requestalias",
    "kms:viaservice",
    "s3:delimiter",
    "s3:existingobjecttag/",
    "s3:if-",
    "s3:max-keys",
    "s3:prefix",
    "s3:requestobjecttag",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-storage-class",
    "sts:externalid",
    "sts:rolesessionname",
)
"""Keys, or their beginnings, that a request may lack in AWS too, so that their absence says something."""


def is_modelled(key: str) -> bool:
    """Whether the absence of a key means that AWS would not have it either."""
    return key.lower().startswith(_MAY_BE_ABSENT)


class RequestContext(Mapping[str, Any]):
    """The keys of one requirement of one call. Tags of resources are looked up when they are asked for."""

    def __init__(
        self, call: ApiCall, requirement: Requirement, identity: Identity, resources: Resources, *, now: str
    ) -> None:
        """Gather what is known at once.

        Args:
            call: The call.
            requirement: What is being checked.
            identity: The caller's role or user.
            resources: Tells the tags.
            now: The time, as ISO 8601.
        """
        self._call, self._requirement, self._resources = call, requirement, resources
        known = {**_of_request(call, now), **_of_principal(call, identity), **requirement.context}
        self._known = {key.lower(): value for key, value in known.items() if value is not None}

    def __getitem__(self, key: str) -> Any:
        folded = key.lower()
        if folded in self._known:
            return self._known[folded]
        if folded.startswith(_OBJECT_TAG):
            return self._object_tags[folded.removeprefix(_OBJECT_TAG)]
        service, _, rest = folded.partition(":")
        if rest.startswith(_RESOURCE_TAG) and service in ("aws", self._requirement.action.partition(":")[0]):
            return self._resource_tags[rest.removeprefix(_RESOURCE_TAG)]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    @cached_property
    def _resource_tags(self) -> dict[str, str]:
        tags = self._resources.tags(self._requirement.resource)
        return {key.lower(): value for key, value in tags.items()}

    @cached_property
    def _object_tags(self) -> dict[str, str]:
        version = self._requirement.context.get("s3:VersionId")
        tags = self._resources.object_tags(self._requirement.resource, version)
        return {key.lower(): value for key, value in tags.items()}


def _of_request(call: ApiCall, now: str) -> dict[str, Any]:
    return {
        "aws:CurrentTime": now,
        "aws:EpochTime": int(call.at),
        "aws:PrincipalIsAWSService": False,
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": call.account,
        # AWS is reached over TLS; the plain HTTP of this endpoint is not the caller's choice.
        "aws:SecureTransport": True,
        "aws:SourceIp": call.source_ip,
        "aws:UserAgent": call.headers.get("user-agent"),
        "aws:ViaAWSService": False,
        "ec2:Region": call.region,
        "kms:CallerAccount": call.account,
        "s3:TlsVersion": "1.3",
        "s3:ResourceAccount": call.account,
    }


def _of_principal(call: ApiCall, identity: Identity) -> dict[str, Any]:
    principal = call.principal
    session = principal.arn.rpartition("/")[2]
    tags = {**identity.tags, **principal.session_tags}
    return {
        "aws:PrincipalAccount": call.account,
        "aws:PrincipalArn": identity.arn,
        "aws:PrincipalType": "AssumedRole" if principal.role_name else "User",
        "aws:userid": f"{identity.unique_id}:{session}" if principal.role_name else identity.unique_id,
        "aws:username": principal.user_name,
        **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
    }
