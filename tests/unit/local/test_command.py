"""The command line of `python -m vmie_local`."""

import shlex

import pytest

from vmie_local.__main__ import _parser, exports, output_variables


def test_outputs_become_variables() -> None:
    outputs = {"VmImportExport": {"ImportBucketName": "b", "VmImportRoleArn": "r", "Sha256OfCode": "s"}}
    assert output_variables(outputs) == {
        "VMIE_IMPORT_BUCKET_NAME": "b",
        "VMIE_VM_IMPORT_ROLE_ARN": "r",
        "VMIE_SHA256_OF_CODE": "s",
    }


def test_a_shell_reads_the_exports_back() -> None:
    line = exports({"A": "plain", "B": "it's $HOME `x`"})
    assert [shlex.split(one) for one in line.splitlines()] == [
        ["export", "A=plain"],
        ["export", "B=it's $HOME `x`"],
    ]


def test_the_defaults_are_those_of_the_documentation() -> None:
    chosen = _parser().parse_args([])
    assert (chosen.port, chosen.time_scale, chosen.iam, chosen.deploy) == (5055, 1.0, "enforce", False)
    assert chosen.context == []


def test_settings_of_the_app_are_taken_as_the_cdk_takes_them() -> None:
    chosen = _parser().parse_args(["-c", "vmie:allowedImages=*", "--context", 'vmie:imageTags={"a": "b=c"}'])
    assert dict(chosen.context) == {"vmie:allowedImages": "*", "vmie:imageTags": '{"a": "b=c"}'}


@pytest.mark.parametrize(
    "given", [["--time-scale", "0"], ["--time-scale", "fast"], ["--iam", "maybe"], ["-c", "deep"]]
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    given: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args(given)
    assert ended.value.code == 2
    assert given[1] in capsys.readouterr().err
