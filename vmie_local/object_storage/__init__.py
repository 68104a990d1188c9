"""The bodies of S3 objects, on disk."""

from vmie_local.object_storage.body import BodyStore, ObjectBody
from vmie_local.object_storage.handover import Handover
from vmie_local.object_storage.intake import INCOMING_BODY, BodyIntake

__all__ = ["INCOMING_BODY", "BodyIntake", "BodyStore", "Handover", "ObjectBody"]
