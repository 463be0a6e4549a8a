"""Programs as they stand in public repositories print the same on tinytorch as on PyTorch."""

from pathlib import Path

import pytest
from programs.running import FIRST_LINE, python, run, same_up_to_rounding

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.py"))


def test_numbers_are_compared():
    assert same_up_to_rounding("loss 0.12341 at 3", "loss 0.12342 at 3") is None
    assert same_up_to_rounding("[1.,  2.]", "[1., 2.]") is None
    assert "PyTorch" in same_up_to_rounding("loss 0.1234", "loss 0.1244")
    assert "PyTorch" in same_up_to_rounding("loss 0.1234", "lost 0.1234")
    assert "lines" in same_up_to_rounding("a\nb", "a")
    assert "PyTorch" in same_up_to_rounding("1 2", "1 2 3".replace(" 3", " nan"))


@pytest.mark.parametrize("program", CORPUS, ids=lambda path: path.stem)
def test_prints_what_pytorch_prints(program, tmp_path):
    theirs = python(program, folder=tmp_path)
    assert theirs.returncode == 0 and theirs.stdout, theirs.stderr
    ours = run(program, folder=tmp_path)
    assert ours.returncode == 0, ours.stderr
    assert ours.stderr.startswith(FIRST_LINE)
    difference = same_up_to_rounding(ours.stdout, theirs.stdout)
    assert difference is None, difference


def test_check_finds_nothing_missing_in_them():
    """What the programs of this folder call is there; what every_path.py only imports is what `--check` lists."""
    ran = run("--check", *CORPUS, folder=CORPUS[0].parent)
    lacking = {line.partition(":")[0]: line for line in ran.stdout.splitlines()[:-1]}
    assert {Path(file).name for file in lacking} <= {
        "every_path.py", "falls_back.py", "next_letter.py", "nanogpt_trainer.py", "makemore_by_hand.py"
    }, ran.stdout  # fmt: skip
    assert "torch.distributed.rpc.init_rpc" in "".join(lacking.values())
