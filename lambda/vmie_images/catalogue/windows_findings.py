"""What can be wrong with a Windows guest. Error texts: the VM Import/Export user guide."""

from __future__ import annotations

from vmie_images.catalogue.entry import DOUBTS, NONE, Entry, error, warning

_FIRST_BOOT = (
    'ImportImage boots the guest and fails with "FirstBootFailure: This import request failed because the '
    'Windows instance failed to boot and establish network connectivity." if it cannot reach it.'
)

WINDOWS_FINDINGS: dict[str, Entry] = {
    "WindowsEditionNotSupported": error(
        "The edition is not in the table of supported systems.",
        "Import a supported edition.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "RegionNotSupported": error(
        "The user guide's table of supported systems leaves this system out for the Region.",
        "Import it in another Region and copy the AMI, if the system may run there at all.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "NanoServer": error(
        "Nano Server is not supported.",
        "Import an installation with Server Core or the desktop.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "HyperVRole": warning(
        "A guest with the Hyper-V role fails its first boot. " + _FIRST_BOOT,
        "Remove the Hyper-V role before the export.",
    ),
    "WindowsDhcpDisabled": warning(
        "EC2 gives addresses by DHCP only. " + _FIRST_BOOT,
        "Set the service DHCP Client to start automatically, and the network adapter to take its address by "
        "DHCP.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "WindowsNotShutDown": warning(
        "Windows was hibernated, or its registry was not written to its end: the disk is not in a state "
        "that an import can change.",
        "Shut it down completely (`shutdown /s /t 0`; hold Shift for a full shutdown), then export again.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "RegistryUnreadable": warning(
        "What the registry says is unknown to the inspection; the service changes it so that the guest "
        "boots.",
        "Shut the guest down completely, then export again.",
    ),
    "RemoteDesktopDisabled": warning(
        "Without Remote Desktop nobody can log in after the import.",
        "Enable Remote Desktop and let it through the firewall before the export.",
        image=NONE,
    ),
    "AutoLogon": warning("ImportImage wants autologon off.", "Disable it before the export."),
    "DotNetTooOld": warning(
        'The import installs an agent that needs .NET Framework 4.5: "ClientError: Booter Networking '
        "failure/instance "
        'not reachable. Please retry after installation of .Net framework 3.5 SP1 or greater.".',
        "Install .NET Framework 4.5 or later before the export.",
    ),
    "UpdatesPending": warning(
        "Updates that finish at the next start may take longer than the import waits.",
        "Restart the guest until no update waits, then export again.",
    ),
    "WindowsLanguage": warning(
        "Client systems are supported in US English.", "Import an installation in US English."
    ),
    "WindowsDriversMissing": warning(
        "ImportImage installs AWS's drivers; nothing does it after a snapshot.",
        "Install the AWS NVMe and ENA drivers before the export, or import as an image.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "DynamicDisk": warning(
        "A dynamic disk is not converted from GPT to MBR.",
        "Convert it to a basic disk, or import it with the boot mode uefi.",
    ),
}
