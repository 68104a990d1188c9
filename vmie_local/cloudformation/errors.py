"""What can go wrong in a stack operation."""

from __future__ import annotations


class TemplateError(Exception):
    """The template or its parameters are invalid; nothing was created."""


class ResourceFailedError(Exception):
    """A resource could not be created, updated or deleted; the operation rolls back."""


class RefusedError(ResourceFailedError):
    """An update was refused before it changed anything: there is nothing of it to roll back."""


class UnsupportedError(ResourceFailedError):
    """A resource type, property or value that the local CloudFormation does not implement.

    It fails the deployment: to drop it silently would let a test pass that proves nothing.
    """
