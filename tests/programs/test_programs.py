"""Programs as they stand in public repositories print the same on tinytorch as on PyTorch."""

from pathlib import Path

import pytest
from programs.running import FIRST_LINE, Server, run, same_up_to_rounding
from sampling import every

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.py"))


def test_numbers_are_compared():
    assert same_up_to_rounding("loss 0.12341 at 3", "loss 0.12342 at 3") is None
    assert same_up_to_rounding("[1.,  2.]", "[1., 2.]") is None
    assert "PyTorch" in same_up_to_rounding("loss 0.1234", "loss 0.1244")
    assert "PyTorch" in same_up_to_rounding("loss 0.1234", "lost 0.1234")
    assert "lines" in same_up_to_rounding("a\nb", "a")
    assert "PyTorch" in same_up_to_rounding("1 2", "1 2 3".replace(" 3", " nan"))


@pytest.fixture(scope="module")
def servers():
    """tinytorch and PyTorch, imported once each."""
    both = Server("-m", "tinytorch"), Server()
    yield both
    for server in both:
        server.close()


@pytest.mark.parametrize("program", every(3, CORPUS), ids=lambda path: path.stem)
def test_prints_what_pytorch_prints(program, tmp_path, servers):
    ours, theirs = (server.run(program, tmp_path / name)[0] for server, name in zip(servers, ("ours", "theirs")))
    assert theirs.returncode == 0 and theirs.stdout, theirs.stderr
    assert ours.returncode == 0, ours.stderr
    difference = same_up_to_rounding(ours.stdout, theirs.stdout)
    assert difference is None, difference


def test_a_program_by_itself_prints_what_it_prints_in_a_fork(tmp_path, servers):
    program = CORPUS[0].with_name("mnist_style.py")
    alone, (forked, _) = run(program, folder=tmp_path), servers[0].run(program, tmp_path / "forked")
    assert alone.stderr.startswith(FIRST_LINE) and alone.returncode == 0 and alone.stdout == forked.stdout


def test_a_server_tells_how_a_program_ended(tmp_path, servers):
    (tmp_path / "fails.py").write_text("import sys\nprint(sys.argv, sys.path[0], __name__)\nraise ValueError(3)\n")
    (tmp_path / "exits.py").write_text("raise SystemExit(7)\n")
    for k, server in enumerate(servers):
        failed, _ = server.run(tmp_path / "fails.py", tmp_path / f"fails{k}")
        assert failed.returncode == 1 and failed.stderr.rstrip().endswith("ValueError: 3")
        assert failed.stdout == f"{[str(tmp_path / 'fails.py')]} {tmp_path} __main__\n"
        assert server.run(tmp_path / "exits.py", tmp_path / f"exits{k}")[0].returncode == 7


def test_check_finds_nothing_missing_in_them():
    """What the programs of this folder call is there; what every_path.py only imports is what `--check` lists."""
    ran = run("--check", *CORPUS, folder=CORPUS[0].parent)
    lacking = {line.partition(":")[0]: line for line in ran.stdout.splitlines()[:-1]}
    assert {Path(file).name for file in lacking} <= {
        "every_path.py", "falls_back.py", "next_letter.py", "nanogpt_trainer.py", "makemore_by_hand.py"
    }, ran.stdout  # fmt: skip
    assert "torch.distributed.rpc.init_rpc" in "".join(lacking.values())
