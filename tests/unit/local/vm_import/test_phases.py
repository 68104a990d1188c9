from __future__ import annotations

import pytest

from vmie_local.vm_import.phases import GIB, IMPORT_IMAGE, Phase


def test_a_small_image_takes_about_25_minutes() -> None:
    assert sum(phase.duration(50e6) for phase in IMPORT_IMAGE) == pytest.approx(25 * 60, abs=60)


def test_a_larger_image_takes_longer() -> None:
    small, large = (sum(phase.duration(size) for phase in IMPORT_IMAGE) for size in (GIB, 100 * GIB))

    assert large > small + 30 * 60


def test_phases_come_in_the_order_people_have_seen() -> None:
    assert [phase.message for phase in IMPORT_IMAGE] == [
        "pending",
        "validating",
        "validated",
        "converting",
        "updating",
        "updated",
        "preparing to boot",
        "booting",
        "booted",
        "preparing ami",
    ]


def test_progress_never_falls() -> None:
    samples = [
        phase.progress_at(share * 100.0, 100.0) for phase in IMPORT_IMAGE for share in (0.0, 0.5, 1.0, 2.0)
    ]

    assert samples == sorted(samples)
    assert samples[0] == 1
    assert samples[-1] < 100


def test_a_phase_without_duration_is_at_its_end() -> None:
    assert Phase("x", (3, 9), 0).progress_at(0, 0) == 9
