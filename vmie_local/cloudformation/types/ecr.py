"""ECR repositories: the CDK's bootstrap makes one for container assets."""

from __future__ import annotations

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = (
    "RepositoryNotFoundException",
    "LifecyclePolicyNotFoundException",
    "RepositoryPolicyNotFoundException",
)


def _create(request: Request) -> Created:
    wanted = request.properties
    repository = request.api(
        "ecr",
        "CreateRepository",
        repositoryName=wanted.get("RepositoryName") or request.generated_name(256, lower=True),
        imageTagMutability=wanted.get("ImageTagMutability"),
        imageScanningConfiguration=wanted.get("ImageScanningConfiguration"),
        tags=tags.as_list(wanted.get("Tags")),
    )["repository"]
    name = repository["repositoryName"]
    request.made(name)
    _set_policies(request, name)
    return Created(name, {"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]})


def _update(request: Request) -> Created:
    wanted, name = request.properties, request.physical_id
    if request.changed("ImageTagMutability"):
        request.api(
            "ecr",
            "PutImageTagMutability",
            repositoryName=name,
            imageTagMutability=wanted.get("ImageTagMutability", "MUTABLE"),
        )
    if request.changed("ImageScanningConfiguration"):
        request.api(
            "ecr",
            "PutImageScanningConfiguration",
            repositoryName=name,
            imageScanningConfiguration=wanted.get("ImageScanningConfiguration", {"ScanOnPush": False}),
        )
    _set_policies(request, name)
    (found,) = request.api("ecr", "DescribeRepositories", repositoryNames=[name])["repositories"]
    if request.changed("Tags"):
        arn = found["repositoryArn"]
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("ecr", "UntagResource", resourceArn=arn, tagKeys=keys)
        request.api("ecr", "TagResource", resourceArn=arn, tags=tags.as_list(wanted.get("Tags")))
    return Created(name, {"Arn": found["repositoryArn"], "RepositoryUri": found["repositoryUri"]})


def _set_policies(request: Request, name: str) -> None:
    wanted = request.properties
    if request.changed("LifecyclePolicy"):
        if policy := wanted.get("LifecyclePolicy"):
            request.api(
                "ecr",
                "PutLifecyclePolicy",
                repositoryName=name,
                lifecyclePolicyText=policy["LifecyclePolicyText"],
            )
        else:
            request.tolerant(_GONE, "ecr", "DeleteLifecyclePolicy", repositoryName=name)
    if request.changed("RepositoryPolicyText"):
        if policy := wanted.get("RepositoryPolicyText"):
            request.api("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=policy)
        else:
            request.tolerant(_GONE, "ecr", "DeleteRepositoryPolicy", repositoryName=name)


def _delete(request: Request) -> None:
    request.tolerant(_GONE, "ecr", "DeleteRepository", repositoryName=request.physical_id)


TYPES = (
    ResourceType(
        name="AWS::ECR::Repository",
        honours=frozenset(
            {
                "RepositoryName",
                "ImageTagMutability",
                "ImageScanningConfiguration",
                "LifecyclePolicy",
                "RepositoryPolicyText",
                "Tags",
            }
        ),
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=frozenset({"RepositoryName"}),
        named_by="RepositoryName",
    ),
)
