"""The accounts that VM Import/Export writes exported files with, one per Region.

Source: VM Import/Export User Guide, "Exporting an instance as a VM", prerequisites; for the Regions of China
and GovCloud their own guides.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, CfnMapping, Stack, Token
from constructs import IConstruct

_FIRST = "c4d8eabf8db69dbe46bfe0e517100c554f01200b104d59cd408e777ba442a322"
_CHINA = "834bafd86b15b6ca71074df0fd1f93d234b9d5e848a2cb31f880c149003ce36f"
_GOVCLOUD = "af913ca13efe7a94b88392711f6cfc8aa07c9d1454d4f190a624b126733a5602"

# A Region opened later has an id of its own, so a missing one never falls back to another's: that would let a
# stranger write and keep out the service.
EXPORT_GRANTEES: Mapping[str, str] = {
    "af-south-1": "3f7744aeebaf91dd60ab135eb1cf908700c8d2bc9133e61261e6c582be6e33ee",
    "ap-east-1": "97ee7ab57cc9b5034f31e107741a968e595c0d7a19ec23330eae8d045a46edfb",
    "ap-east-2": "a9fa0eb7c8483f9558cd14b24d16e9c4d1555261a320b586a3a06908ff0047ce",
    "ap-northeast-1": _FIRST,
    "ap-northeast-2": _FIRST,
    "ap-northeast-3": "40f22ffd22d6db3b71544ed6cd00c8952d8b0a63a87d58d5b074ec60397db8c9",
    "ap-south-1": _FIRST,
    "ap-south-2": "77ab5ec9eac9ade710b7defed37fe0640f93c5eb76ea65a64da49930965f18ca",
    "ap-southeast-1": _FIRST,
    "ap-southeast-2": _FIRST,
    "ap-southeast-3": "de34aaa6b2875fa3d5086459cb4e03147cf1a9f7d03d82f02bedb991ff3d1df5",
    "ap-southeast-4": "8b8ea36ab97c280aa8558c57a380353ac7712f01f82c21598afbb17e188b9ad5",
    "ap-southeast-5": "ed006f67543afcfe0779e356e52d5ed53fa45f95bcd7d277147dfc027aaca0e7",
    "ap-southeast-6": "2dc8fa4ca1c59da5c6a4c5b0e397eea130ec62e49f18cff179034665fd20e8a2",
    "ap-southeast-7": "d011fe83abcc227a7ac0f914ce411d3630c4ef735e92e88ce0aa796dcfecfbdd",
    "ca-central-1": _FIRST,
    "ca-west-1": "78e12f8d798f89502177975c4ccdac686c583765cea2bf06e9b34224e2953c83",
    "cn-north-1": _CHINA,
    "cn-northwest-1": _CHINA,
    "eu-central-1": _FIRST,
    "eu-central-2": "5d9fcea77b2fb3df05fc15c893f212ae1d02adb4b24c13e18586db728a48da67",
    "eu-north-1": _FIRST,
    "eu-south-1": "04636d9a349e458b0c1cbf1421858b9788b4ec28b066148d4907bb15c52b5b9c",
    "eu-south-2": "6e81c4c52a37a7f59e103625162ed97bcd0e646593adb107d21310d093151518",
    "eu-west-1": _FIRST,
    "eu-west-2": _FIRST,
    "eu-west-3": _FIRST,
    "il-central-1": "328a78de7561501444823ebeb59152eca7cb58fee2fe2e4223c2cdd9f93ae931",
    "me-central-1": "7d3018832562b7b6c126f5832211fae90bd3eee3ed3afde192d990690267e475",
    "me-south-1": "aa763f2cf70006650562c62a09433f04353db3cba6ba6aeb3550fdc8065d3d9f",
    "mx-central-1": "edaff67fe25d544b855bd0ba9a74a99a2584ab89ceda0a9661bdbeca530d0fca",
    "sa-east-1": _FIRST,
    "us-east-1": _FIRST,
    "us-east-2": _FIRST,
    "us-gov-east-1": _GOVCLOUD,
    "us-gov-west-1": _GOVCLOUD,
    "us-west-1": _FIRST,
    "us-west-2": _FIRST,
}
"""Regions and the canonical user ids of their export service."""

_MAPPING, _ATTRIBUTE = "VmieExportGrantees", "CanonicalUserId"


def export_grantee(scope: IConstruct) -> str:
    """The canonical user id of the export service in the stack's Region.

    Where the Region is known at synthesis the id is too. Otherwise a mapping in the template gives it when
    the stack is deployed; in a Region that the mapping lacks, CloudFormation refuses the template
    (`Unable to get mapping for VmieExportGrantees::…`).

    Raises:
        ValueError: the Region is known and not in the table.
    """
    stack = Stack.of(scope)
    if not Token.is_unresolved(stack.region):
        return _known(stack.region)
    mapping = stack.node.try_find_child(_MAPPING) or CfnMapping(
        stack, _MAPPING, mapping={region: {_ATTRIBUTE: user} for region, user in EXPORT_GRANTEES.items()}
    )
    assert isinstance(mapping, CfnMapping)  # noqa: S101
    return mapping.find_in_map(Aws.REGION, _ATTRIBUTE)


def _known(region: str) -> str:
    if region not in EXPORT_GRANTEES:
        raise ValueError(
            f"The canonical user id of the export service in {region} is not known here. Look it up in the VM"
            " Import/Export User Guide (exporting an instance, prerequisites) and give it as export_grantee."
        )
    return EXPORT_GRANTEES[region]
