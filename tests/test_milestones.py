"""The milestones learn, the runner measures it, and its checks fail where they must."""

import ast
import importlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from milestones import __main__ as cli
from milestones import controls, runner
from tinytorch import nn

ROOT = Path(__file__).parents[1]
KNOWN = runner.milestones()
TENSORS = {"perceptron_1957": 2, "xor_1969": 4, "mlp_1986": 4}


pytestmark = pytest.mark.xdist_group("milestones")  # one worker: all milestones are trained once


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """What `make demo` runs: all milestones, all their seeds, with plots."""
    folder = tmp_path_factory.mktemp("demo")
    ran = invoke("run", "all", "--reference", "--json", folder / "runs.json", "--plots", folder)
    return ran, json.loads((folder / "runs.json").read_text()), folder


def test_all_pass_their_bar_with_every_seed(everything):
    ran, runs, _ = everything
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [m.seeds for m in KNOWN.values()] == [3, 10, 5]
    assert [(r["name"], r["seed"]) for r in runs] == [(m.name, seed) for m in KNOWN.values() for seed in range(m.seeds)]
    for run in runs:
        assert run["passed"] and run["value"] >= run["bar"] and run["loss_last"] < run["loss_first"]
        assert run["with_gradient"] == run["moved"] == run["parameters"] == TENSORS[run["name"]]


def test_the_record_of_a_run(everything):
    _, runs, _ = everything
    assert list(runs[0]) == [
        "name",
        "year",
        "seed",
        "data",
        "metric",
        "value",
        "bar",
        "lower",
        "passed",
        "parameters",
        "with_gradient",
        "moved",
        "loss_first",
        "loss_last",
        "seconds",
        "whose",
        "notes",
    ]
    assert runs[0]["whose"] == "the reference tinytorch"


def test_what_it_prints(everything):
    ran, _, _ = everything
    lines = ran.stdout.splitlines()
    assert lines[0] == "the reference tinytorch"
    assert re.search(r"mlp_1986 .*1986.*4 of 4.*5 .*of 359 = 9[6-9]\.\d%.*96%", ran.stdout)
    assert "Traceback" not in ran.stdout + ran.stderr and "Warning" not in ran.stderr


def test_the_plots_are_drawn(everything):
    _, _, folder = everything
    assert sorted(file.stem for file in folder.glob("*.png")) == [
        "mlp_1986_confusion",
        "mlp_1986_features",
        "mlp_1986_mistakes",
        "perceptron_1957_weights",
        "perceptron_1957_xor",
        "xor_1969_boundary",
    ]
    assert all(5_000 < file.stat().st_size < 150_000 for file in folder.glob("*.png"))


@pytest.mark.parametrize("name", KNOWN)
def test_a_script_is_short_and_uses_nothing_but_the_package(name):
    file = ROOT / "milestones" / f"{name}.py"
    tree = ast.parse(file.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {module for module in imported if module.split(".")[0] != "tinytorch"}
    assert others <= {"math", "matplotlib.pyplot", "sklearn.datasets"}  # pictures, and where the digits come from
    outside = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not any("matplotlib" in ast.unparse(node) or "sklearn" in ast.unparse(node) for node in outside)
    assert len(file.read_text().splitlines()) <= 130


def test_the_same_seed_gives_the_same_figures():
    one, two, other = [runner.measure(KNOWN["xor_1969"], seed) for seed in (1, 1, 2)]
    assert (one.loss_first, one.loss_last) == (two.loss_first, two.loss_last) != (other.loss_first, other.loss_last)


# Controls: what must not pass.

WHERE = {  # what each control keeps from learning
    ("perceptron_1957", controls.frozen): "unit.weight, unit.bias",
    ("perceptron_1957", controls.detached_weight): "unit.weight",
    ("xor_1969", controls.frozen): "0.weight, 0.bias",
    ("xor_1969", controls.detached_weight): "0.weight",
    ("xor_1969", controls.detached_activation): "0.weight, 0.bias",
    ("mlp_1986", controls.frozen): "1.weight, 1.bias",
    ("mlp_1986", controls.detached_weight): "1.weight",
    ("mlp_1986", controls.detached_activation): "1.weight, 1.bias",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # the optimizer warns of parameters without a gradient, rightly
@pytest.mark.parametrize(("name", "damage"), WHERE)
def test_a_layer_that_cannot_learn_is_named(name, damage):
    run = runner.measure(KNOWN[name], 0, damage=damage)
    names = WHERE[name, damage]
    assert not run.passed and run.with_gradient == run.parameters - len(names.split(", "))
    if run.error:  # the perceptron is trained by hand, and multiplies the gradient that is not there
        assert run.reasons[0] == f"no gradient reached {names} before"
    else:
        assert f"no gradient ever reached {names}" in run.reasons and f"never moved: {names}" in run.reasons, (
            run.reasons
        )
        assert run.moved == run.with_gradient


@pytest.mark.filterwarnings("ignore")
def test_accuracy_alone_would_not_have_noticed():
    """Random features are enough for many a bar: this is why parameters are counted."""
    run = runner.measure(KNOWN["mlp_1986"], 0, damage=controls.detached_activation)
    assert run.value > 0.9 and run.loss_last < run.loss_first and not run.passed


@pytest.mark.parametrize(
    ("damage", "layer", "lost"),
    [(controls.detached_weight, "Linear", "weight"), (controls.detached_activation, "Tanh", "input")],
)
@pytest.mark.parametrize("name", ["xor_1969", "mlp_1986"])
def test_the_contract_catches_it_at_the_first_call(name, damage, layer, lost):
    run = runner.measure(KNOWN[name], 0, damage=lambda model: damage(model, contract=True))
    assert isinstance(run.error, RuntimeError) and layer in str(run.error) and lost in str(run.error), run.reasons
    assert not run.passed and run.moved == 0


def test_a_missed_bar_is_an_exit_status(monkeypatch, tmp_path):
    harder = {"xor_1969": replace(KNOWN["xor_1969"], bar=1.01)}
    monkeypatch.setattr(cli, "milestones", lambda: harder)
    arguments = ["run", "all", "--seeds", "1", "--reference", "--json", str(tmp_path / "runs.json")]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 1
    (run,) = json.loads((tmp_path / "runs.json").read_text())
    assert not run["passed"] and run["value"] == 1.0 and run["with_gradient"] == 4


@pytest.fixture
def xor(monkeypatch):
    """Runs the XOR milestone with some functions of its script replaced."""

    def measure(**parts):
        script = SimpleNamespace(**vars(importlib.import_module("milestones.xor_1969")) | parts)
        monkeypatch.setattr(runner, "script_of", lambda run: script)
        return runner.measure(KNOWN["xor_1969"], 0)

    return measure


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"train": lambda model, examples, watch: watch(1.0)}, "never moved: 0.weight, 0.bias, 2.weight, 2.bias"),
        ({"train": lambda model, examples, watch: watch(1.0)}, "the loss did not fall: 0.7"),
        ({"predict": lambda model, points: points.sum(dim=1).long()}, "points right 75% is below the bar of 100%"),
        ({"predict": lambda model, points: points.sum(dim=1)[:2]}, "ValueError"),
        ({"data": lambda: 1 / 0}, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_makes_a_run_fail(xor, parts, reason):
    run = xor(**parts)
    assert not run.passed and any(reason in text for text in run.reasons), run.reasons
    assert json.dumps(run.record())


def test_a_model_without_parameters_fails(xor):
    class Nothing(nn.Module):
        def forward(self, x):
            return x

    run = xor(build=lambda seed: Nothing(), loss=lambda output, answers: output.sum(), train=lambda *_: None)
    assert "the model has no parameters" in run.reasons


# The command line.


def invoke(*arguments):
    return subprocess.run([sys.executable, "-m", "milestones", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_the_list_says_what_is_needed():
    ran = invoke()
    assert ran.returncode == 0 and ran.stdout.startswith("the reference tinytorch\n")
    for one in KNOWN.values():
        lessons = f"01 to {one.lessons:02}: all there"
        assert re.search(rf"{one.name}.*{one.year}.*{one.data}.*{one.bar:.0%}.*{lessons}", ran.stdout)


def test_lessons_that_are_not_there_are_waited_for(tmp_path):
    (tmp_path / "nn").mkdir()
    for name in ("tensor.py", "autograd.py", "nn/module.py"):
        (tmp_path / name).touch()
    assert {name: one.missing(tmp_path) for name, one in KNOWN.items()} == {
        "perceptron_1957": [],
        "xor_1969": ["04 losses", "05 optimizers"],
        "mlp_1986": ["04 losses", "05 optimizers", "06 data", "07 training"],
    }


def test_an_unknown_name_is_refused():
    ran = invoke("run", "lenet", "--reference")
    assert ran.returncode == 2 and "no milestone 'lenet'" in ran.stdout and "xor_1969" in ran.stdout


def test_no_seeds_are_refused():
    assert invoke("run", "xor", "--seeds", "0", "--reference").returncode == 2
