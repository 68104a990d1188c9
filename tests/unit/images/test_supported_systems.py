from __future__ import annotations

import pytest

from vmie_images.verdict.supported_systems import Support, linux_standing, table, windows_row

RHEL, SLES = "Red Hat Enterprise Linux", "SUSE Linux Enterprise Server"


@pytest.mark.parametrize(
    ("family", "version", "kernel", "support"),
    [
        ("Ubuntu", "22.04", "5.15.0-100-generic", Support.LISTED),
        ("Ubuntu", "22.04", "5.8.0-59-generic", Support.KERNEL_DIFFERS),
        ("Ubuntu", "22.04", None, Support.LISTED),
        ("Ubuntu", "16.04", "4.15.0-213-generic", Support.LISTED),
        ("Ubuntu", "21.10", "5.13.0-1", Support.RELEASE_OUTSIDE),
        ("Debian", "12.7", "6.1.0-25-amd64", Support.LISTED),
        ("Debian", "12.5", "6.1.0-18-amd64", Support.BETWEEN_LISTED),
        ("Debian", "13.0", "6.12.0-1-amd64", Support.RELEASE_OUTSIDE),
        ("Debian", "11.9", "5.10.0-28-amd64", Support.LISTED),
        ("Debian", "12.7", "6.10.0-1-amd64", Support.KERNEL_DIFFERS),
        (RHEL, "8.4", "4.18.0-305.el8.x86_64", Support.LISTED),
        (RHEL, "8.10", "4.18.0-553.el8.x86_64", Support.BETWEEN_LISTED),
        (RHEL, "7.9", "3.10.0-1160.el7.x86_64", Support.LISTED),
        (RHEL, "6.0", "2.6.32-71.el6.x86_64", Support.KERNEL_DIFFERS),
        (RHEL, "6.5", "2.6.32-431.el6.x86_64", Support.LISTED),
        ("CentOS", "9", "5.14.0-1.el9.x86_64", Support.LISTED),
        ("Rocky Linux", "9.3", "5.14.0-362.el9.x86_64", Support.LISTED),
        ("Rocky Linux", "8.9", "4.18.0-513.el8.x86_64", Support.RELEASE_OUTSIDE),
        ("Oracle Linux", "8.9", "5.15.0-200.131.27.el8uek.x86_64", Support.LISTED),
        ("Oracle Linux", "8.9", "4.18.0-513.el8.x86_64", Support.LISTED),
        ("Oracle Linux", "8.9", "4.18.0-513.el8uek.x86_64", Support.KERNEL_DIFFERS),
        ("Oracle Linux", "5.11", "2.6.39-400.el5uek", Support.LISTED),
        (SLES, "15.5", "5.14.21-150500.53-default", Support.LISTED),
        (SLES, "15.5", "6.4.0-150600.23-default", Support.KERNEL_DIFFERS),
        (SLES, "15.6", "6.4.0-150600.23-default", Support.LISTED),
        (SLES, "15", "4.12.14-23-default", Support.LISTED),
        (SLES, "12.5", "4.12.14-120-default", Support.LISTED),
        ("Amazon Linux 2023", "2023", "6.1.115-126.197.amzn2023.x86_64", Support.LISTED),
        ("Amazon Linux 2", "2", "5.10.230-223.885.amzn2.x86_64", Support.LISTED),
        ("Amazon Linux 2", "2", "5.100.0", Support.KERNEL_DIFFERS),
        ("Alpine Linux", "3.20", "6.6.0", Support.SYSTEM_UNKNOWN),
    ],
)
def test_a_release_and_its_kernel_are_found_in_the_table(family, version, kernel, support) -> None:
    assert linux_standing(family, version, kernel).support is support


def test_a_kernel_that_differs_is_told_which_would_do() -> None:
    assert linux_standing("Ubuntu", "24.04", "6.5.0-1").kernels == ("6.8.0", "6.11.0")


@pytest.mark.parametrize(
    ("family", "edition", "found"),
    [
        ("Windows Server 2019", "Standard", True),
        ("Windows Server 2003", "Enterprise", True),
        ("Windows Server 2012 R2", "Datacenter", True),
        ("Windows Server 2022", None, True),
        ("Windows 10", "Education", True),
        ("Windows 10", "IoT", False),
        ("Windows XP", "Professional", False),
        (None, None, False),
    ],
)
def test_a_windows_edition_is_found_in_the_table(family, edition, found) -> None:
    assert (windows_row(family, edition) is not None) is found


def test_every_row_has_what_the_rules_read() -> None:
    for row in table()["linux"]:
        assert row["family"]
        assert row["kernels"]
        assert "versions" in row or row["family"].startswith("Amazon Linux")
    assert all(row["editions"] for row in table()["windows"])
