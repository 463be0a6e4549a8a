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

import tinytorch
from milestones import __main__ as cli
from milestones import controls, runner
from tinytorch import nn

ROOT = Path(__file__).parents[2]
KNOWN = runner.milestones()
TENSORS = {"perceptron_1957": 2, "xor_1969": 4, "mlp_1986": 4, "cnn_1998": 8, "resnet_2015": 23}
LANGUAGE = {"lstm_1997", "transformer_2017", "gpt_2018"}  # in test_language_milestones.py
SEEDS = 1  # the worst of 20 is clear of each bar: README.md; `... run NAME --seeds 20` trains them
MNIST = ROOT.parent / "shared" / "data" / "mnist"


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """What `make demo` runs, with fewer seeds: the milestones, with plots."""
    folder = tmp_path_factory.mktemp("demo")
    ran = invoke(
        "run",
        *[name for name in KNOWN if name not in LANGUAGE],
        *("--reference", "--seeds", str(SEEDS), "--json", folder / "runs.json", "--plots", folder),
    )
    return ran, json.loads((folder / "runs.json").read_text()), folder


def test_all_pass_their_bar_with_every_seed(everything):
    ran, runs, _ = everything
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [(r["name"], r["seed"]) for r in runs] == [(name, seed) for name in TENSORS for seed in range(SEEDS)]
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
    assert re.search(rf"mlp_1986 .*1986.*4 of 4.*{SEEDS} .*of 359 = 9[6-9]\.\d%.*96%", ran.stdout)
    assert re.search(rf"cnn_1998 .*1998.*8 of 8.*{SEEDS} .*of 359 = 9[89]\.\d%.*98%", ran.stdout)
    assert re.search(rf"resnet_2015 .*2015.*23 of 23.*{SEEDS} .*of 359 = 9[789]\.\d%.*97%", ran.stdout)
    assert "Traceback" not in ran.stdout + ran.stderr and "Warning" not in ran.stderr


def test_the_notes_are_printed_and_stored(everything):
    ran, runs, _ = everything
    notes = {run["name"]: run["notes"] for run in runs if run["seed"] == 0}
    assert {name for name, found in notes.items() if found} == {"cnn_1998", "resnet_2015"}
    assert not any(run["notes"] for run in runs if run["seed"])
    printed = re.sub(r"\s+", "", ran.stdout)
    for name, found in notes.items():
        for label, text in found.items():
            assert re.sub(r"\s+", "", f"{name}: {label}: {text}") in printed


def shares(text):
    return [float(share) for share in re.findall(r"([\d.]+)%", text)]


def test_the_cnn_beats_an_mlp_of_its_size_on_images_that_are_moved(everything):
    found = next(run["notes"] for run in everything[1] if run["name"] == "cnn_1998")
    cnn, mlp = (int(number.replace(",", "")) for number in re.findall(r"\d+,\d+", found["size"]))
    assert 0.99 * cnn < mlp <= cnn
    for pixels, ahead in ((1, 4), (2, 15)):
        ours, theirs = shares(found[f"held-out images moved by {pixels}"])
        assert ours > theirs + ahead


def test_the_deep_network_learns_because_of_its_shortcuts(everything):
    """Told by the training loss: of 5 seeds the best without shortcuts kept 1.05, the worst with them came to 0.023."""
    found = next(run["notes"] for run in everything[1] if run["name"] == "resnet_2015")
    with_them, without = shares(found["32 layers"])
    loss_with, loss_without = [float(loss) for loss in re.findall(r"([\d.]+) with", found["32 layers"])]
    assert with_them > max(90, without) and loss_without > 10 * loss_with
    assert min(shares(found["8 layers"])) > 90  # at this depth both learn


def test_the_plots_are_drawn(everything):
    _, _, folder = everything
    assert sorted(file.stem for file in folder.glob("*.png")) == [
        "cnn_1998_filters",
        "cnn_1998_moved",
        "mlp_1986_confusion",
        "mlp_1986_features",
        "mlp_1986_mistakes",
        "perceptron_1957_weights",
        "perceptron_1957_xor",
        "resnet_2015_curves",
        "resnet_2015_gradients",
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
    # pictures, where the digits and the text come from, and what a GPT is compared with
    assert others <= {
        "functools",
        "math",
        "matplotlib.pyplot",
        "milestones",
        "milestones.manual",
        "milestones.ngram",
        "milestones.runner",
        "sklearn.datasets",
    }
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


def spoiled():
    """(milestone, name of a control) of all there are for the models with several kinds of layers."""
    scripts = {name: runner.script_of(one) for name, one in KNOWN.items() if one.year > 1986}
    return [(name, spoil) for name, script in scripts.items() for spoil in controls.controls(script.build(0))]


KINDS = {
    "lstm_1997": {"recurrence", "linear"},
    "cnn_1998": {"convolution", "linear"},
    "resnet_2015": {"convolution", "normalization", "linear"},
    "transformer_2017": {"normalization", "embedding", "attention", "linear"},
    "gpt_2018": {"normalization", "embedding", "attention", "linear"},
}


@pytest.mark.parametrize("name", KINDS)
def test_there_is_a_control_for_each_kind_of_layer(name):
    found = controls.controls(runner.script_of(KNOWN[name]).build(0))
    assert {kind for kind in controls.KINDS if f"{kind} frozen" in found and f"{kind} cut" in found} == KINDS[name]


@pytest.mark.parametrize("name", KNOWN)
def test_a_few_steps_reach_every_parameter_of_the_whole_model(name):
    """So that what the controls miss after as many steps is missing because of the control."""
    run = runner.measure(KNOWN[name], 0, steps=controls.STEPS)
    assert run.passed and run.with_gradient == run.moved == run.parameters > 0, run.reasons


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "spoil"), spoiled())
def test_a_layer_of_each_kind_that_cannot_learn_is_named(name, spoil):
    model = runner.script_of(KNOWN[name]).build(0)
    kind, how = re.fullmatch(r"(\w+),? (.*)", spoil).groups()
    if kind in controls.KINDS:
        layer = controls.first(model, kind, alone=how == "cut")
        lost = [n for n, p in model.named_parameters() if any(p is q for q in layer.parameters())]
        lost = lost[:1] if how == "weight detached" else lost
    else:
        lost = [next(n for n, _ in model.named_parameters() if ("0" in n and "blocks" not in n) or "mlp.0" in n)]
    run = runner.measure(KNOWN[name], 0, damage=controls.controls(model)[spoil], steps=controls.STEPS)
    named = re.search(r"no gradient (?:ever )?reached ([^;]*?)(?: before)?$", run.reasons[0])
    assert lost and named and set(lost) <= set(named[1].split(", ")), run.reasons


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


def test_a_score_may_be_better_the_lower(xor):
    parts = {"score": lambda model, points, answers: 2.0}
    for bar, passed in ((2.5, True), (1.5, False)):
        run = xor(replace(KNOWN["xor_1969"], bar=bar, lower=True, metric="bits per character"), **parts)
        assert run.passed is passed and run.value == 2.0 and run.record()["lower"], run.reasons
    assert run.reasons == ["bits per character 2.000 is above the bar of 1.500"]
    again = replace(run, seed=1, value=2.2)
    assert cli.goodness(again) < cli.goodness(run) < 0
    with cli.console.capture() as captured:
        cli.console.print(cli.report([run, again]))
    assert "2.200" in captured.get() and "≤ 1.500" in captured.get()


def test_notes_that_fail_make_the_run_fail(xor):
    run = xor(notes=lambda model: {"right": str(1 / 0)})
    runner.take_notes(run)
    assert not run.passed and run.reasons == ["ZeroDivisionError in the notes: division by zero"]


def test_constants_are_read_without_running(tmp_path):
    head = '"""2000: {}.\n"""\n\nimport nowhere\nYEAR = 2000\nDATA, METRIC, BAR, SEEDS = "d", "m", 1.5, 1\n'
    (tmp_path / "b_2000.py").write_text(head.format("second") + "LOWER = True\nx.y = 1\nf = g(3)\n")
    (tmp_path / "a_2000.py").write_text(head.format("first") + 'DATASETS = {"other": ("o", 0.5, 2)}\n')
    (tmp_path / "c_1999.py").write_text(head.format("before").replace("2000", "1999"))
    found = runner.milestones(tmp_path)
    assert list(found) == ["c_1999", "a_2000", "b_2000"] and found["b_2000"].lower and not found["a_2000"].lower
    other = found["a_2000"].on("other")
    assert (other.data, other.bar, other.seeds, other.name) == ("o", 0.5, 2, "a_2000")


@pytest.mark.skipif(not MNIST.exists(), reason="MNIST is not there (../shared/data/mnist)")
def test_the_cnn_on_mnist_begins_to_learn(monkeypatch):
    one, script = KNOWN["cnn_1998"].on("mnist"), importlib.import_module("milestones.cnn_1998")
    monkeypatch.setattr(script, "source", MNIST)
    (images, labels), (held_out, _) = script.data()
    assert images.shape == (60000, 1, 28, 28) and len(labels) == 60000 and held_out.shape == (10000, 1, 28, 28)
    assert 0.99 < images[:100].max().item() <= 1
    run = runner.measure(one, 0, steps=5)
    assert run.passed and run.with_gradient == 8 and (run.data, run.bar) == ("MNIST, 28×28 pixels", 0.988)


def test_other_data_are_refused_where_there_are_none():
    ran = invoke("run", "xor", "--data", "mnist", "--reference")
    assert ran.returncode == 2 and "xor_1969 cannot be trained on 'mnist'" in ran.stdout


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

    def measure(one=KNOWN["xor_1969"], **parts):
        script = SimpleNamespace(**vars(importlib.import_module("milestones.xor_1969")) | parts)
        monkeypatch.setattr(runner, "script_of", lambda run: script)
        return runner.measure(one, 0)

    return measure


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"train": lambda model, examples, watch: watch(1.0)}, "never moved: 0.weight, 0.bias, 2.weight, 2.bias"),
        ({"train": lambda model, examples, watch: watch(1.0)}, "the loss did not fall: 0."),
        ({"predict": lambda model, points: points.sum(dim=1).long()}, "points right 75% is below the bar of 100%"),
        ({"predict": lambda model, points: points.sum(dim=1)[:2]}, "ValueError"),
        ({"data": lambda: 1 / 0}, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_makes_a_run_fail(xor, parts, reason):
    run = xor(**parts)
    assert not run.passed and any(reason in text for text in run.reasons), run.reasons
    assert json.dumps(run.record())


def test_a_parameter_that_comes_back_has_moved(xor):
    """A perceptron's bias goes up and down in equal steps: it may end where it began."""

    def train(model, examples, watch):
        began = [parameter.clone() for parameter in model.parameters()]
        for values in ([0 * old for old in began], began):
            with tinytorch.no_grad():
                for parameter, new in zip(model.parameters(), values, strict=True):
                    parameter.copy_(new)
            watch(1.0)

    run = xor(train=train)
    assert run.moved == 4 and not any(reason.startswith("never moved") for reason in run.reasons)


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
        lessons = f"after {one.lessons[-1][:2]}: all there"
        for text in (one.name, str(one.year), one.data.split(",")[0], runner.shown(one.bar, one.lower), lessons):
            assert text in re.sub(r"\s+", " ", ran.stdout), text


def test_lessons_that_are_not_there_are_waited_for(tmp_path):
    (tmp_path / "nn").mkdir()
    for name in ("tensor.py", "autograd.py", "nn/module.py"):
        (tmp_path / name).touch()
    missing = {name: one.missing(tmp_path) for name, one in KNOWN.items()}
    assert missing["cnn_1998"][-1] == "08_convolution" and missing["gpt_2018"][-1] == "13_transformer"
    assert {name: missing[name] for name in list(missing)[:3]} == {
        "perceptron_1957": [],
        "xor_1969": ["04_losses", "05_optimizers"],
        "mlp_1986": ["04_losses", "05_optimizers", "06_data", "07_training"],
    }


def test_an_unknown_name_is_refused():
    ran = invoke("run", "xor", "alexnet", "--reference")
    assert ran.returncode == 2 and "no milestone 'alexnet'" in ran.stdout and "xor_1969" in ran.stdout


def test_no_seeds_are_refused():
    assert invoke("run", "xor", "--seeds", "0", "--reference").returncode == 2
