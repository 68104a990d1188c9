"""A version of a Lambda function, as far as running it needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Archive:
    """A zip of code or of a layer.

    Attributes:
        digest: Hexadecimal digest of the bytes; equal archives are unpacked once.
        read: Gives the bytes.
    """

    digest: str
    read: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(frozen=True)
class AsyncConfiguration:
    """What happens to asynchronous invocations (`PutFunctionEventInvokeConfig`, `DeadLetterConfig`).

    Attributes:
        retries: Attempts after the first one, 0 to 2.
        maximum_age_seconds: An event older than that is given up.
        on_success: ARN that receives the record of a success.
        on_failure: ARN that receives the record of the last failure.
        dead_letter_arn: Queue or topic that receives the event itself after the last failure.
    """

    retries: int = 2
    maximum_age_seconds: int = 21600
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionVersion:
    """One version of a function: its code, and the configuration published with it.

    Attributes:
        account: The owner's account id.
        region: The Region it lives in.
        name: The function's name.
        version: `$LATEST` or a number.
        invoked_arn: The ARN it was asked for, with the qualifier (a version or an alias) if one was given.
        runtime: The runtime's name; every Python runtime is run by this interpreter.
        handler: `module.function`.
        role_arn: The execution role.
        timeout: Real seconds that one invocation may take.
        memory_mb: Reported, not enforced.
        environment: The function's own variables.
        code: The deployment package.
        layers: In the order in which they are laid.
        log_group: Name of the CloudWatch log group.
        log_format: `Text` or `JSON`.
        log_level: The application log level, or None.
        reserved_concurrency: How many invocations of all versions may run at once, or None.
        asynchronous: Retries and destinations of Event invocations.
    """

    account: str
    region: str
    name: str
    version: str
    invoked_arn: str
    runtime: str
    handler: str
    role_arn: str
    timeout: float
    memory_mb: int
    environment: Mapping[str, str]
    code: Archive
    layers: tuple[Archive, ...] = ()
    log_group: str
    log_format: str = "Text"
    log_level: str | None = None
    reserved_concurrency: int | None = None
    asynchronous: AsyncConfiguration = AsyncConfiguration()

    @property
    def identity(self) -> tuple[Any, ...]:
        """What two invocations must have in common to share a warm process."""
        return (
            self.account,
            self.region,
            self.name,
            self.version,
            self.code.digest,
            tuple(layer.digest for layer in self.layers),
            self.handler,
            self.role_arn,
            self.memory_mb,
            self.log_format,
            self.log_level,
            tuple(sorted(self.environment.items())),
        )

    @property
    def family(self) -> tuple[str, str, str]:
        """The function that all versions belong to: they share one reserved concurrency."""
        return self.account, self.region, self.name


class NoSuchFunctionError(LookupError):
    """There is no such function, version or alias."""


class FunctionRegistry(Protocol):
    """Where function versions are looked up."""

    def find(self, account: str, region: str, name_or_arn: str, qualifier: str | None) -> FunctionVersion:
        """The version that a name or ARN, with a version or alias, means.

        Raises:
            NoSuchFunctionError: If there is none.
        """
        ...
