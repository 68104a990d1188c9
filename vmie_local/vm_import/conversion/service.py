"""ImportInstance, ImportVolume, DescribeConversionTasks and CancelConversionTask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from vmie_local.front_door.api_call import ApiError
from vmie_local.place import Place
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.conversion import request as requests
from vmie_local.vm_import.conversion.description import describe
from vmie_local.vm_import.conversion.instance_task import ImportInstanceTask
from vmie_local.vm_import.conversion.ports import NewInstance
from vmie_local.vm_import.conversion.request import InstanceRequest
from vmie_local.vm_import.conversion.task import Conversions, ConversionTask
from vmie_local.vm_import.conversion.volume_task import ImportVolumeTask
from vmie_local.vm_import.task import TaskFault
from vmie_local.vm_import.task_desk import Claim, TaskDesk

T = TypeVar("T", bound=ConversionTask)

_ALWAYS_NEW = Claim(token=None, fingerprint=None)
"""Neither operation takes a client token."""


@dataclass(frozen=True)
class ConversionService:
    """The operations, without HTTP: parameters and answers have botocore's member names."""

    conversions: Conversions
    instances: TaskDesk[ImportInstanceTask]
    volumes: TaskDesk[ImportVolumeTask]

    def import_volume(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task, or say why not.

        Raises:
            ApiError: As EC2 answers.
        """
        request = requests.parse_volume(parameters)
        zone = self._zone(place, request.zone)
        self._check(request.disk.manifest_url, parameters)
        return self._admit(
            self.volumes,
            place,
            lambda fault: ImportVolumeTask(place, request, zone, self.conversions, fault),
        )

    def import_instance(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task and show its instance, or say why not.

        Raises:
            ApiError: As EC2 answers.
        """
        request = requests.parse_instance(parameters)
        instance = self._instance(place, request)
        self._check(request.disk.manifest_url, parameters)

        def make(fault: TaskFault | None) -> ImportInstanceTask:
            instance_id = self.conversions.machines.add_instance(place, instance)
            return ImportInstanceTask(place, request, instance.zone, instance_id, self.conversions, fault)

        return self._admit(self.instances, place, make)

    def describe_conversion_tasks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Show tasks, oldest first, or those asked for.

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        around = self.conversions.around
        with around.engine.lock:
            asked = parameters.get("ConversionTaskIds") or []
            tasks = [self._task(place, task_id) for task_id in asked] if asked else self._all(place)
            now = around.clock.now()
            return {"ConversionTasks": [describe(task, now) for task in tasks]}

    def cancel_conversion_task(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """End an active task.

        Raises:
            ApiError: If there is no such task, it has ended, or it transfers the final disk image.
        """
        task_id = parameters.get("ConversionTaskId")
        if not task_id:
            raise request_errors.missing("conversionTaskId")
        around = self.conversions.around
        with around.engine.lock:
            task = self._task(place, task_id)
            if parameters.get("DryRun"):
                raise request_errors.would_have_succeeded()
            if not task.cancellable:
                raise request_errors.task_not_cancellable(task_id, task.state)
            task.cancel(parameters.get("ReasonMessage"), around.clock.now())
        around.engine.wake()
        return {}

    def _admit(
        self, desk: TaskDesk[T], place: Place, make: Callable[[TaskFault | None], T]
    ) -> dict[str, Any]:
        around = self.conversions.around
        with around.engine.lock:
            around.engine.tick()
            if around.quota.is_full(place):
                raise request_errors.too_many_conversions(around.quota.limits.concurrent_tasks)
            task = desk.admit(place, _ALWAYS_NEW, {}, make)
            return {"ConversionTask": describe(task, around.clock.now())}

    def _check(self, manifest_url: str, parameters: Mapping[str, Any]) -> None:
        """The last checks before the quota: where the manifest is, and whether this is a dry run."""
        if not self.conversions.urls.leads_here(manifest_url):
            raise request_errors.bad_source()
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()

    def _task(self, place: Place, task_id: str) -> ConversionTask:
        for desk in (self.instances, self.volumes):
            if desk.is_id(task_id):
                return desk.require(place, task_id)
        raise request_errors.task_unknown(task_id)

    def _all(self, place: Place) -> list[ConversionTask]:
        tasks: list[ConversionTask] = [*self.instances.all(place), *self.volumes.all(place)]
        return sorted(tasks, key=lambda task: task.started_at)

    def _zone(self, place: Place, name_or_id: str) -> str:
        zone = self.conversions.machines.zone(place, name_or_id)
        if zone is None:
            raise ApiError("InvalidZone.NotFound", f"The zone '{name_or_id}' does not exist.")
        return zone

    def _instance(self, place: Place, request: InstanceRequest) -> NewInstance:
        launch, machines = request.launch, self.conversions.machines
        subnet_id = launch.get("SubnetId")
        placement = launch.get("Placement") or {}
        asked = placement.get("AvailabilityZone") or placement.get("AvailabilityZoneId")
        zone = self._zone(place, asked or f"{place.region}a")
        if subnet_id:
            of_subnet = machines.zone_of_subnet(place, subnet_id)
            if of_subnet is None:
                raise ApiError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
            if asked and zone != of_subnet:
                raise request_errors.bad_combination(
                    f"The subnet '{subnet_id}' is in the Availability Zone {of_subnet}, not in {zone}."
                )
            zone = of_subnet
        return NewInstance(
            instance_type=request.instance_type,
            architecture=request.architecture,
            windows=request.platform == "Windows",
            zone=zone,
            subnet_id=subnet_id,
            group_ids=self._groups(place, launch),
            private_ip=launch.get("PrivateIpAddress"),
            user_data=(launch.get("UserData") or {}).get("Data"),
            monitoring=bool(launch.get("Monitoring")),
            shutdown_behavior=launch.get("InstanceInitiatedShutdownBehavior") or "stop",
        )

    def _groups(self, place: Place, launch: Mapping[str, Any]) -> tuple[str, ...]:
        found = []
        for given in [*(launch.get("GroupNames") or []), *(launch.get("GroupIds") or [])]:
            group = self.conversions.machines.group(place, given)
            if group is None:
                raise ApiError("InvalidGroup.NotFound", f"The security group '{given}' does not exist")
            found.append(group)
        return tuple(found)
