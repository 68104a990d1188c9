"""Which entry a boot loader would start."""

from __future__ import annotations

import pytest

from vmie_images.guest.fstab import parse_fstab
from vmie_images.guest.grub import default_entry, entries, parse_environment, parse_grub
from vmie_images.guest.grub_legacy import parse_menu

MENU = """
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="DEFAULT"
fi
menuentry 'Ubuntu' --class ubuntu $menuentry_id_option 'gnulinux-simple-1' {
\tload_video
\tif [ x$grub_platform = xxen ]; then insmod xzio; fi
\tlinux\t/boot/vmlinuz-5.15.0-100-generic root=UUID=1 ro  quiet
\tinitrd\t/boot/microcode.cpio /boot/initrd.img-5.15.0-100-generic
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-1' {
\tmenuentry 'Ubuntu, 5.15.0-100' $menuentry_id_option 'gnulinux-5.15.0-100-advanced-1' {
\t\tlinux\t/boot/vmlinuz-5.15.0-100-generic root=UUID=1 ro
\t}
\tmenuentry 'Ubuntu, 5.15.0-91' --id 'gnulinux-5.15.0-91-advanced-1' {
\t\tlinux16\t($root)/boot/vmlinuz-5.15.0-91-generic root=UUID=1 ro
\t}
}
menuentry "Memory test" {
\tknetbsd /boot/memtest
}
"""


@pytest.mark.parametrize(
    ("default", "saved", "title", "kernel"),
    [
        ("0", None, "Ubuntu", "/boot/vmlinuz-5.15.0-100-generic"),
        ("1>1", None, "Ubuntu, 5.15.0-91", "/boot/vmlinuz-5.15.0-91-generic"),
        (
            "gnulinux-advanced-1>gnulinux-5.15.0-91-advanced-1",
            None,
            "Ubuntu, 5.15.0-91",
            "/boot/vmlinuz-5.15.0-91-generic",
        ),
        ("Advanced options>Ubuntu, 5.15.0-91", None, "Ubuntu, 5.15.0-91", "/boot/vmlinuz-5.15.0-91-generic"),
        ("${saved_entry}", "1>0", "Ubuntu, 5.15.0-100", "/boot/vmlinuz-5.15.0-100-generic"),
        ("${saved_entry}", None, "Ubuntu", "/boot/vmlinuz-5.15.0-100-generic"),
        ("1", None, "Ubuntu, 5.15.0-100", "/boot/vmlinuz-5.15.0-100-generic"),
        ("2", None, "Memory test", None),
        ("99", None, "Ubuntu", "/boot/vmlinuz-5.15.0-100-generic"),
        ("no such entry", None, "Ubuntu", "/boot/vmlinuz-5.15.0-100-generic"),
    ],
)
def test_the_default_entry_is_the_one_that_grub_would_start(default, saved, title, kernel) -> None:
    configuration = parse_grub(MENU.replace("DEFAULT", default))

    entry = default_entry(configuration, {"saved_entry": saved} if saved else {})

    assert entry is not None
    assert (entry.title, entry.kernel) == (title, kernel)


def test_an_entry_keeps_its_arguments_and_every_initrd() -> None:
    entry = default_entry(parse_grub(MENU.replace("DEFAULT", "0")), {})

    assert entry is not None
    assert entry.identifier == "gnulinux-simple-1"
    assert entry.arguments == "root=UUID=1 ro  quiet"
    assert entry.initrds == ("/boot/microcode.cpio", "/boot/initrd.img-5.15.0-100-generic")
    assert len(entries(parse_grub(MENU).menu)) == 4


@pytest.mark.parametrize(
    "words", ["", "menuentry 'never closed' {\n linux /a", "submenu 'x' {\n}", "}\n}\n", "menuentry 'it\n"]
)
def test_a_menu_that_makes_no_sense_has_no_entry(words) -> None:
    assert default_entry(parse_grub(words), {}) is None


def test_a_grub_environment_is_a_block_of_assignments() -> None:
    assert parse_environment(b"# GRUB Environment Block\nsaved_entry=0>2\nboot_success=1\n" + b"#" * 900) == {
        "saved_entry": "0>2",
        "boot_success": "1",
    }


def test_grub_legacy_counts_titles() -> None:
    found, default = parse_menu(
        "default 1\ntimeout=5\ntitle One\n root (hd0,0)\n kernel /vmlinuz-1 ro\ntitle Two (2)\n"
        " kernel (hd0,0)/boot/vmlinuz-2 ro quiet\n initrd /boot/initrd-2\n"
    )

    assert default == 1
    assert (found[1].title, found[1].kernel, found[1].arguments, found[1].initrds) == (
        "Two (2)", "/boot/vmlinuz-2", "ro quiet", ("/boot/initrd-2",)
    )  # fmt: skip


def test_a_table_of_file_systems_is_read_line_by_line() -> None:
    found = parse_fstab(
        "# comment\nUUID=1 / ext4 defaults 0 1\n\ntmpfs /scratch tmpfs size=1G 0 0\n"
        "/dev/sdb1 /with\\040blank xfs nofail 0 2\nserver:/x /nfs nfs4 _netdev 0 0\nshort line\n"
    )

    assert [(entry.device, entry.point, entry.is_file_system, entry.needed) for entry in found] == [
        ("UUID=1", "/", True, True),
        ("tmpfs", "/scratch", False, True),
        ("/dev/sdb1", "/with blank", True, False),
        ("server:/x", "/nfs", False, True),
    ]
    assert [entry.by_device_name for entry in found] == [False, False, True, False]
    assert found[3].is_network
