"""Write the input shapes that requests are validated against, out of botocore's EC2 model.

`python scripts/extract_shapes.py` writes lambda/vmie_runtime/request_documents/shapes.json; with `--check` it
says whether the file is what the installed botocore has, and ends with 1 where it is not. botocore itself
stays out of the functions: loading its whole EC2 model costs 146 ms and 65 MB.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape
from botocore.session import get_session

ROOT = Path(__file__).resolve().parent.parent
SHAPES = ROOT / "lambda/vmie_runtime/request_documents/shapes.json"

# What a request may be, and what its `Vmie` options borrow from.
OPERATIONS = (
    "ImportImage",
    "ImportSnapshot",
    "ImportInstance",
    "ImportVolume",
    "ExportImage",
    "CreateInstanceExportTask",
    "RegisterImage",
    "CreateVolume",
    "AttachVolume",
    "CopyImage",
    "CreateImage",
)
_BOUNDS = ("min", "max", "sensitive")


def extracted() -> dict[str, Any]:
    """Every operation's input shape, and every shape within: by the names of the model."""
    model = get_session().get_service_model("ec2")
    shapes: dict[str, Any] = {}
    operations = {}
    for name in OPERATIONS:
        shape: Shape = model.operation_model(name).input_shape  # type: ignore[assignment]  # Each has an input.
        operations[name] = shape.name
        _add(shape, shapes)
    return {
        "apiVersion": model.api_version,
        "operations": operations,
        "shapes": dict(sorted(shapes.items())),
    }


def _add(shape: Shape, shapes: dict[str, Any]) -> None:
    if shape.name in shapes:
        return
    entry: dict[str, Any] = {"type": shape.type_name}
    shapes[shape.name] = entry
    entry.update((bound, shape.metadata[bound]) for bound in _BOUNDS if bound in shape.metadata)
    if isinstance(shape, StructureShape):
        entry["members"] = {name: member.name for name, member in shape.members.items()}
        if shape.required_members:
            entry["required"] = list(shape.required_members)
        for member in shape.members.values():
            _add(member, shapes)
    elif isinstance(shape, ListShape):
        entry["member"] = shape.member.name
        _add(shape.member, shapes)
    elif isinstance(shape, StringShape) and shape.enum:
        entry["enum"] = list(shape.enum)


def rendered() -> str:
    """The file's text: one shape a line, so that a diff names the shape that changed."""
    document = extracted()
    lines = [f"    {json.dumps(name)}: {json.dumps(shape)}" for name, shape in document["shapes"].items()]
    operations = json.dumps(document["operations"], indent=2).replace("\n", "\n  ")
    return (
        f'{{\n  "apiVersion": {json.dumps(document["apiVersion"])},\n  "operations": {operations},\n'
        '  "shapes": {\n' + ",\n".join(lines) + "\n  }\n}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Write, or check, the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where it is stale")
    check = parser.parse_args(arguments).check
    text = rendered()
    if SHAPES.is_file() and SHAPES.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print(f"{SHAPES} is not botocore's model: run python scripts/extract_shapes.py", file=sys.stderr)
        return 1
    SHAPES.write_text(text, encoding="utf-8")
    print(f"{SHAPES} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
