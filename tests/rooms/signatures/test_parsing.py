"""Many threads read signatures at once, as the pushes of many people do."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelyard.rooms.signatures.service import make_target, read_signature


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    nested = "list[" * 30 + "int" + "]" * 30
    body = "\n".join(f"def f{n}(x: {nested} = {'(' * 40}1{')' * 40}) -> 'dict[str, float]': ..." for n in range(8))
    (tmp_path / "m.py").write_text(body)

    def read(number: int) -> str:
        signature = read_signature(tmp_path, make_target("m", f"f{number % 8}"), has_model=False)
        return str(signature.output.get("x-modelyard"))

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(read, range(32))) == {"probabilities"}
