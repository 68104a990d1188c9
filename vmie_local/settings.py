"""How a local AWS is configured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

IamMode = Literal["enforce", "record", "off"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `python -m vmie_local` and the tests may choose.

    Attributes:
        port: TCP port on 127.0.0.1; 0 takes a free one.
        time_scale: Real seconds per AWS second. 0.01 runs a 25-minute import in 15 seconds.
        iam: `enforce` denies what identity policies do not allow, `record` only notes it, `off` asks nobody.
        account: The account id that every call sees.
        region: The default Region.
        data_dir: Where object bodies and snapshot blocks go. Default: a temporary folder, removed at the end.
        function_slots: Lambda invocations that run at once; more wait. Default: twice the cores, plus two.
    """

    port: int = 5055
    time_scale: float = 1.0
    iam: IamMode = "enforce"
    account: str = "123456789012"
    region: str = "us-east-1"
    data_dir: Path | None = None
    function_slots: int | None = None
