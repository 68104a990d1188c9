"""Which operation of which service a request means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.model import OperationModel, ServiceModel

from vmie_local.front_door import service_models
from vmie_local.front_door.http import HttpRequest
from vmie_local.front_door.signature import Signature
from vmie_local.front_door.wire import Protocol, protocol_of, routes


@dataclass(frozen=True)
class Identified:
    """What a request is about.

    Attributes:
        service: The IAM prefix of the service, or the signing name where botocore has no model of it.
        operation_name: The operation; where no model knows it, what the request calls itself.
        model: botocore's model of the service, or None.
        operation: botocore's model of the operation, or None.
        protocol: What the request speaks, or None without a model.
        labels: The labels of a REST path.
    """

    service: str
    operation_name: str
    model: ServiceModel | None = None
    operation: OperationModel | None = None
    protocol: Protocol | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def identify(request: HttpRequest, signature: Signature | None) -> Identified:
    """The service and operation of a request, by its signature and by botocore's models."""
    models = _candidates(request, signature)
    signing_name = (signature.signing_name if signature else None) or "s3"
    if not models:
        return Identified(signing_name, _self_description(request))
    for model in models:
        if found := _in_model(request, model):
            return found
    model = models[0]
    return Identified(
        service_models.iam_prefix(model),
        _self_description(request),
        model,
        protocol=protocol_of(request, model),
    )


def _candidates(request: HttpRequest, signature: Signature | None) -> tuple[ServiceModel, ...]:
    if signature is not None and signature.signing_name:
        return service_models.candidates(signature.signing_name)
    target = request.headers.get("x-amz-target")
    if target:
        model = service_models.by_target(target)
        return (model,) if model else ()
    # What may be called without a signature: STS with a web identity or SAML, and anonymous S3.
    if dict(request.form).get("Action", "").startswith("AssumeRoleWith"):
        return service_models.candidates("sts")
    return service_models.candidates("s3")


def _in_model(request: HttpRequest, model: ServiceModel) -> Identified | None:
    service, protocol = service_models.iam_prefix(model), protocol_of(request, model)
    if str(model.metadata.get("protocol")).startswith("rest-"):
        found = routes.find(model, request.method, request.path, request.query, request.headers)
        if found is None:
            return None
        operation, labels = found
        return Identified(service, operation.name, model, operation, protocol, labels)
    target = request.headers.get("x-amz-target", "")
    prefix = target.rpartition(".")[0]
    # CloudTrail's SDK for JavaScript sends the last part of the prefix only; AWS takes either.
    if target and prefix not in (known := str(model.metadata.get("targetPrefix")), known.rpartition(".")[2]):
        return None
    name = _self_description(request)
    if name not in model.operation_names:
        return None
    return Identified(service, name, model, model.operation_model(name), protocol)


def _self_description(request: HttpRequest) -> str:
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if request.headers.get("smithy-protocol"):
        return request.path.rpartition("/operation/")[2]
    for name, value in request.form:
        if name == "Action":
            return value
    return f"{request.method} {request.path}"
