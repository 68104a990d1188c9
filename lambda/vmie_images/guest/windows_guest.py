"""The facts about a Windows guest, as the document shows them."""

from __future__ import annotations

from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.guest import Guest
from vmie_images.guest.linux_guest import place_of
from vmie_images.guest.windows import WindowsFacts


def describe_windows(facts: WindowsFacts, setup: BootSetup) -> Guest:
    """The guest that the facts make up."""
    known = facts.services_known
    return Guest(
        family="windows",
        name=facts.family,
        version=facts.build,
        pretty=facts.product,
        kernel=facts.build,
        architecture=facts.machine,
        boot_modes=setup.modes_for(facts.machine),
        bootloader="Windows Boot Manager",
        root=place_of(facts.volume),
        efi_loaders=setup.loaders,
        drivers={
            "Ena": "ena" in facts.services if known else None,
            "Nvme": "stornvme" in facts.services if known else None,
        },
        facts={
            "Edition": facts.edition,
            "Build": facts.build,
            "InstallationType": facts.installation,
            "Client": facts.client if facts.family else None,
            "Sysprep": facts.image_state,
            "HyperVRole": "vmms" in facts.services if known else None,
            "RemoteDesktop": facts.remote_desktop,
            "VmwareTools": facts.vmware_tools,
            "Language": facts.language,
        },
    )
