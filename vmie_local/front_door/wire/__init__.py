"""AWS's wire protocols, the server's side: requests to parameters, output members and errors to answers.

botocore's models say how every member travels; the protocols themselves are described in the Smithy
specification (https://smithy.io/2.0/aws/protocols/index.html) and by what botocore's own serializers write.
"""

from vmie_local.front_door.wire.protocol import Protocol, protocol_of

__all__ = ["Protocol", "protocol_of"]
