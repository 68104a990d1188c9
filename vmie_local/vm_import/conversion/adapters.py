"""The ports of conversion tasks, on this cloud's public endpoint and on moto's EC2."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from vmie_local.clock import Clock
from vmie_local.disk_images.errors import DecodingCancelledError
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import.conversion.ports import ForeignUrlError, NewInstance, NewVolume
from vmie_local.vm_import.ports import FetchRefusedError

_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 60.0


class EndpointUrls:
    """S3 by presigned URLs of this cloud's endpoint; no other host is ever asked, no redirection followed."""

    def __init__(self, port: int) -> None:
        """Take the URLs of one port.

        Args:
            port: Of the endpoint, on this machine.
        """
        self._port = port

    def leads_here(self, url: str) -> bool:
        """Whether a URL leads to this cloud's S3."""
        try:
            parts = urlsplit(url)
            return (parts.scheme, parts.hostname, parts.port) in (
                ("http", "127.0.0.1", self._port),
                ("http", "localhost", self._port),
            )
        except ValueError:  # no URL at all, or a port that is no number
            return False

    def read(self, url: str, most: int) -> bytes:
        """The first bytes of an object, at most so many."""
        with self._ask("GET", url) as answer:
            return answer.read(most)

    def download(
        self, url: str, target: Path, cancelled: threading.Event, on_bytes: Callable[[int], None]
    ) -> int:
        """Append an object to a file; returns how many bytes it had."""
        length = 0
        with self._ask("GET", url) as answer, target.open("ab") as file:
            while chunk := answer.read(_CHUNK):
                if cancelled.is_set():
                    raise DecodingCancelledError
                file.write(chunk)
                length += len(chunk)
                on_bytes(len(chunk))
        return length

    def exists(self, url: str) -> bool:
        """Whether a HEAD finds an object."""
        try:
            with self._ask("HEAD", url):
                return True
        except FetchRefusedError as error:
            if error.http_status == HTTPStatus.NOT_FOUND:
                return False
            raise

    def delete(self, url: str) -> None:
        """Delete an object."""
        with self._ask("DELETE", url):
            pass

    @contextmanager
    def _ask(self, method: str, url: str) -> Iterator[http.client.HTTPResponse]:
        if not self.leads_here(url):
            raise ForeignUrlError
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        try:
            target = f"{parts.path or '/'}?{parts.query}"
            connection.request(method, target, headers={"Host": parts.netloc})
            answer = connection.getresponse()
            if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                raise FetchRefusedError(answer.status)
            yield answer
        finally:
            connection.close()


class Ec2Machines:
    """EC2's instances, volumes and Availability Zones, in moto."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def zone(self, place: Place, name_or_id: str) -> str | None:
        """The name of an Availability Zone by its name or its id."""
        zones = ec2.imported_machines.zones(place.account, place.region)
        return next((name for name, zone_id in zones.items() if name_or_id in (name, zone_id)), None)

    def zone_id(self, place: Place, zone: str) -> str:
        """The id of an Availability Zone."""
        return ec2.imported_machines.zones(place.account, place.region)[zone]

    def zone_of_subnet(self, place: Place, subnet_id: str) -> str | None:
        """The Availability Zone of a subnet, or None if there is no such subnet."""
        return ec2.imported_machines.zone_of_subnet(place.account, place.region, subnet_id)

    def group(self, place: Place, name_or_id: str) -> str | None:
        """The id of a security group, or None if there is no such group."""
        return ec2.imported_machines.group_id(place.account, place.region, name_or_id)

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether the account encrypts every new volume of the Region."""
        return ec2.snapshots.encrypted_by_default(place.account, place.region)

    def add_instance(self, place: Place, instance: NewInstance) -> str:
        """Show an instance that is pending and has no disk; returns its id."""
        return ec2.imported_machines.add_instance(place.account, place.region, **asdict(instance))

    def stop_instance(self, place: Place, instance_id: str) -> None:
        """Show an instance as stopped."""
        ec2.imported_machines.stop_instance(place.account, place.region, instance_id)

    def remove_instance(self, place: Place, instance_id: str) -> None:
        """Show an instance as terminated."""
        ec2.imported_machines.terminate_instance(place.account, place.region, instance_id)

    def add_volume(self, place: Place, volume: NewVolume) -> None:
        """Show a volume."""
        ec2.imported_machines.add_volume(
            place.account,
            place.region,
            volume.id,
            size=volume.size,
            zone=volume.zone,
            encrypted=volume.encrypted,
            at=self._clock.now(),
        )

    def attach_volume(self, place: Place, volume_id: str, instance_id: str, device: str) -> None:
        """Attach a volume to an instance."""
        ec2.imported_machines.attach_volume(place.account, place.region, volume_id, instance_id, device)

    def remove_volume(self, place: Place, volume_id: str) -> None:
        """Make a volume disappear, attached or not."""
        ec2.imported_machines.remove_volume(place.account, place.region, volume_id)
