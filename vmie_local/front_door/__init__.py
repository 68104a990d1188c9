"""The public endpoint: every call is parsed, recorded, checked and then answered here or by moto."""

from vmie_local.front_door.api_call import PASS, ApiCall, ApiError, Handler, Pass, Principal
from vmie_local.front_door.door import FrontDoor

__all__ = ["PASS", "ApiCall", "ApiError", "FrontDoor", "Handler", "Pass", "Principal"]
