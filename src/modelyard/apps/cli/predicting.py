"""``modelyard predict``."""

import base64
import binascii
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from modelyard.apps.cli.addresses import Address, read_address
from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.cli.inputs import BYTES, read_inputs
from modelyard.apps.cli.options import VersionArgument, connected
from modelyard.apps.cli.output import print_json, results, say
from modelyard_client import Client, Missing
from modelyard_client.answers import Signature

BAR_WIDTH = 30


def predict(
    context: typer.Context,
    address: VersionArgument,
    inputs: Annotated[
        str | None, typer.Option("--inputs", help="All inputs as a JSON object, or @file.json, or @- .")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the result to a file; an image or file as its bytes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the whole answer as JSON, for scripts.")] = False,
) -> None:
    """Call a deployed model. Its inputs are options: --image @scan.png --age 42, or age=42.

    @file reads a value from a file, @- from standard input. `modelyard show OWNER/NAME:vN` lists the inputs.
    """
    with connected() as client:
        wanted = read_address(client, address)
        signature = _signature(client, wanted)
        values = read_inputs(context.args, schema=signature["inputs"], whole=inputs)
        answer = client.predict(wanted.repository, values, version=wanted.version)
    if answer.cold_start is not None:
        say(f"The call waited {answer.cold_start:.1f} s for the model to start.")
    if output:
        output.write_bytes(_bytes(answer.output, signature["output"]))
        say(f"Wrote {output}.")
    elif as_json:
        about = {"id": answer.id, "version": answer.version, "cold_start": answer.cold_start}
        print_json({"output": answer.output, **about})
    else:
        _show(answer.output, signature["output"])


def _signature(client: Client, wanted: Address) -> Signature:
    """That of the version that would answer."""
    number = wanted.version or _answering(client, wanted)
    return client.get_version(wanted.repository, number)["signature"]


def _answering(client: Client, wanted: Address) -> int:
    try:
        aliases = client.get_deployment(wanted.repository)["aliases"]
    except Missing:
        client.get_repository(wanted.repository)  # when that is what is missing, the server says so
        aliases = []
    for alias in aliases:
        if alias["alias"] == "production":
            return alias["answering"]
    raise CommandError(
        f"{wanted.repository} is not deployed.",
        remedy=f"Run `modelyard deploy {wanted.repository}`.",
        code=ExitCode.NOT_FOUND,
    )


def _show(value: Any, schema: dict[str, Any]) -> None:
    if sys.stdout.isatty() and schema.get("x-modelyard") == "probabilities" and isinstance(value, dict):
        _show_probabilities(value)
    elif isinstance(value, str):
        results.print(value)
    else:
        print_json(value)


def _show_probabilities(value: dict[str, float]) -> None:
    table = Table.grid(padding=(0, 1))
    for label, share in sorted(value.items(), key=lambda item: -item[1]):
        table.add_row(Text(label), Text(f"{share:7.2%}"), Text("█" * round(share * BAR_WIDTH), style="cyan"))
    results.print(table, soft_wrap=False)


def _bytes(value: Any, schema: dict[str, Any]) -> bytes:
    if schema.get("x-modelyard") in BYTES and isinstance(value, str):
        text = value.partition(",")[2] if value.startswith("data:") else value
        try:
            return base64.b64decode(text)
        except binascii.Error as e:
            raise CommandError("The model's answer is not the file that its signature says.") from e
    return (value if isinstance(value, str) else _pretty(value)).encode()


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
