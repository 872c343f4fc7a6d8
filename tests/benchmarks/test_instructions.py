"""What is counted stands beside the sum of its parts."""

import pytest

from benchmarks.instructions import ROUNDS, SHOPPERS, counts_in, results_of
from benchmarks.load import CannotMeasure
from benchmarks.serving import CASES

COUNTED = """# callgrind format
desc: Trigger: dump {}

events: Ir
summary: {}
"""


def write(folder, **millions):
    for n, (name, count) in enumerate(millions.items()):
        total = int(count * 1e6 * SHOPPERS * ROUNDS)
        (folder / f"counted.{n + 1}").write_text(COUNTED.format(name, total))
    (folder / "counted").write_text("desc: Trigger: Program termination\nsummary: 7\n")
    return counts_in(folder / "counted")


def test_a_case_is_judged_by_its_parts(tmp_path):
    parts = {"engine_10": 8, "engine_10_reasons": 10, "engine_50": 9, "driver": 1}
    for case in CASES:
        parts |= {f"{case.path}_route": 0.5, f"{case.path}_read": 20, f"{case.path}_at_hand": 19}
    counts = write(tmp_path, **parts)
    assert counts == pytest.approx(parts)
    ratios = {result.name: result.ratio for result in results_of(counts)}
    assert ratios["REST, 10 products, history read"] == pytest.approx(11.5 / 20)
    assert ratios["GraphQL, 50 products with 8 fields, history at hand"] == pytest.approx(0.5)


def test_what_was_not_counted_is_named(tmp_path):
    with pytest.raises(CannotMeasure, match="driver"):
        results_of(write(tmp_path, engine_10=8))
