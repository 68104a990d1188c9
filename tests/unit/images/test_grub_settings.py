"""What a grub.cfg sets, and what its variables stand for."""

from __future__ import annotations

import pytest

from tests.unit.images.builders.linux import examine, guest
from tests.unit.images.inspecting import processor_limit
from tests.unit.images.test_linux_guest import rocky
from vmie_images.guest.grub import MAX_CONFIGURATION, default_entry, parse_grub
from vmie_images.guest.grub_settings import MAX_RESOLVED, path_of, read_settings, resolve

RED_HAT = """
set pager=1
if [ -f ${config_directory}/grubenv ]; then
  load_env -f ${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
# Check if boot_counter exists and boot_success=0 to activate this behaviour.
if [ -n "${boot_counter}" -a "${boot_success}" = "0" ]; then
  if  [ "${boot_counter}" = "0" -o "${boot_counter}" = "-1" ]; then
    set default=1
    set boot_counter=-1
  else
    decrement boot_counter
  fi
  save_env boot_counter
fi
blscfg
"""
"""What grub2-mkconfig writes on Red Hat Enterprise Linux 9, shortened."""


def test_the_entry_after_failed_boots_is_not_the_default() -> None:
    assert read_settings(RED_HAT).default == "${saved_entry}"
    assert read_settings(RED_HAT + "set default=2\n").default == "2"


def test_the_menu_of_a_red_hat_system_starts_the_saved_entry() -> None:
    saved = "# GRUB Environment Block\nsaved_entry=abc-5.14.0-70.el9.x86_64\nboot_success=1\n"
    files = rocky(saved) | {"boot/grub2/grub.cfg": 'set kernelopts="root=UUID=1 ro"\n' + RED_HAT}

    described, findings, _ = examine(files)

    assert findings == []
    assert described.kernel == "5.14.0-70.el9.x86_64"


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ('set default="1>2"', "default", "1>2"),
        ("  set default='Debian GNU/Linux'  ", "default", "Debian GNU/Linux"),
        ("\tset\ttimeout=5", "timeout", "5"),
        ("set root='hd0,msdos1'; true", "root", "hd0,msdos1"),
        ('set kernelopts="root=/dev/sda1 ro "', "kernelopts", "root=/dev/sda1 ro "),
        ('set empty=""', "empty", ""),
        ("set empty=", "empty", ""),
    ],
)
def test_an_assignment_is_read_with_or_without_quotes(line, name, value) -> None:
    assert read_settings(f"# comment\n{line}\n").variables == {name: value}


@pytest.mark.parametrize("line", ["set", "settle x=1", 'set a="$b"', "unset a", "echo set a=1"])
def test_what_is_no_assignment_of_a_constant_sets_nothing(line) -> None:
    assert {name for name, value in read_settings(line).variables.items() if value} == set()


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("/vmlinuz", "/vmlinuz"),
        ("($root)/vmlinuz", "/vmlinuz"),
        ("(hd0,msdos1)/vmlinuz", "/vmlinuz"),
        ("$root/vmlinuz", "/vmlinuz"),
        ("${root}/vmlinuz", "/vmlinuz"),
        ("/vmlinuz-$known", "/vmlinuz-6.1"),
        ("$device_and_path", "/initrd"),
        ("$unknown", None),
        ("/vmlinuz-${unknown}", None),
        ("$empty", None),
        ("", None),
        ('"/quoted"', "/quoted"),
    ],
)
def test_a_word_names_a_path_where_every_variable_in_it_is_known(word, path) -> None:
    variables = {"known": "6.1", "empty": "", "device_and_path": "(hd0)/initrd", "root": "hd0,msdos1"}

    assert path_of(word, variables) == path


def test_an_unknown_variable_stands_for_nothing_among_arguments() -> None:
    assert resolve("ro $unknown ${known}!", {"known": "quiet"}) == "ro  quiet!"


def test_variables_cannot_blow_up_a_line() -> None:
    with processor_limit(5):
        assert len(resolve("$a" * 100_000, {"a": "x" * 200_000})) == MAX_RESOLVED


def test_variables_cannot_blow_up_an_entry() -> None:
    saved = f"saved_entry=abc-5.14.0-70.el9.x86_64\na={'x' * 3000}\n"
    entry = (
        "title t\nlinux /vmlinuz\n" + "options " + "$a" * 8000 + "\n" + ("initrd " + "$a " * 20 + "\n") * 100
    )
    files = rocky(saved) | {"boot/loader/entries/abc-5.14.0-70.el9.x86_64.conf": entry}

    with processor_limit(5):
        facts = examine(files)[2]

    assert facts.boot.entry is not None
    assert len(facts.boot.entry.arguments) == MAX_RESOLVED


BLANKS = {
    "blank lines": "\n" * MAX_CONFIGURATION,
    "spaces": " " * MAX_CONFIGURATION,
    "spaces in a value": "set default=" + " " * (MAX_CONFIGURATION - 20) + '"x',
    "spaces in quotes": 'set a="' + " " * (MAX_CONFIGURATION - 20) + '"x',
    "conditions": "if x; then\n" * (MAX_CONFIGURATION // 20) + "set default=1\n" * 9000,
    "references": "set a=" + "$" * (MAX_CONFIGURATION - 20),
}


@pytest.mark.parametrize("words", BLANKS.values(), ids=BLANKS)
def test_a_configuration_of_blanks_is_read_in_time_that_grows_with_its_length(words) -> None:
    with processor_limit(5):
        configuration = parse_grub(words)

    assert default_entry(configuration, {}) is None


@pytest.mark.parametrize("blank", ["\n", " ", "\t", " \n", "iface "])
@pytest.mark.parametrize(
    "path", ["etc/network/interfaces", "etc/netplan/a.yaml", "etc/sysconfig/network-scripts/ifcfg-eth0"]
)
def test_a_network_configuration_of_blanks_is_read_in_time_that_grows_with_its_length(blank, path) -> None:
    files = guest(etc__network__interfaces=None) | {path: blank * (MAX_CONFIGURATION // len(blank))}

    with processor_limit(5):
        facts = examine(files)[2]

    assert facts.network.static == []
