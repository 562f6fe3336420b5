"""Batch prediction with the image of a version: the same model, the same answers, as a table."""

import csv
import json
from pathlib import Path

from modelyard_client import Client
from support import digits, examples
from support.containers import Ran, run_version


def table(ran: Ran) -> list[dict[str, str]]:
    with (ran.out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_wines_of_a_csv(tmp_path: Path) -> None:
    """The model is scikit-learn's file alone; what it answered where it was trained is what the table says."""
    artifact = examples.trained("wine_sklearn") / "model.joblib"
    version = examples.push("wine_batch", artifact=artifact)[2]
    inputs, outputs = examples.expected("wine_sklearn")
    with (tmp_path / "wines.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["cellar", *inputs[0]])
        writer.writeheader()
        writer.writerows({"cellar": f"No. {number:03}", **row} for number, row in enumerate(inputs))
    ran = run_version(examples.site(), version, tmp_path, inputs={"rows": tmp_path / "wines.csv"}, command="batch")
    assert ran.exit_code == 0, ran.log
    found = table(ran)
    assert [row["output"] for row in found] == outputs
    assert found[0]["cellar"] == "No. 000"
    assert ran.result == {"rows": len(inputs), "failed": 0}


def test_drawings_of_digits(tmp_path: Path) -> None:
    site = examples.site()
    version = digits.push(site, site.token, name="digits-batch")
    images, labels = digits.held_out()
    rows = tmp_path / "rows"
    rows.mkdir()
    lines = [json.dumps({"image": image}) for image in images] + ['{"image": [[17]]}']
    (rows / "drawings.jsonl").write_text("\n".join(lines))
    (rows / "README.md").write_text("# Drawings\n")
    ran = run_version(site, version, tmp_path, inputs={"rows": rows}, command="batch", params={"batch_size": 50})
    assert ran.exit_code == 0, ran.log
    *found, bad = table(ran)
    right = sum(row["label"] == str(label) for row, label in zip(found, labels, strict=True))
    assert right / len(labels) >= 0.95
    assert bad["error"].startswith("input 'image'")
    assert ran.result == {"rows": len(images) + 1, "failed": 1}
    assert ran.log.splitlines()[-1] == f"progress: 1 {len(lines)} of {len(lines)} rows"
    one = Client(site.url, token=site.token)
    one.deploy(version["address"])
    answer = one.predict(version["address"], {"image": images[0]}).output
    assert examples.is_close({name: float(found[0][name]) for name in answer}, answer)
    one.stop_deployment(version["address"])
