"""A small model of each family of the libraries learns a task, and is asked about held-out data: learn.py, on tinytorch."""

import pytest
from models.test_models import HERE, need
from programs.running import python

FEW = "timm/convnext transformers/bert_to_classify transformers/bart transformers/wavlm transformers/clip"
REST = {
    "pictures": "timm/resnet timm/densenet timm/mobilenetv2 timm/efficientnet transformers/swin transformers/vit",
    "objects": "torchvision/mask_rcnn transformers/detr",
    "text": "transformers/roberta transformers/gpt2 transformers/llama transformers/t5",
    "sound": "transformers/wav2vec2_ctc transformers/hubert transformers/whisper",
    "pictures and text": "transformers/align transformers/blip transformers/llava transformers/flamingo",
}
# wrong models: a layer takes part in the output, and is shut off from learning; the last one is right, and misses its bar
WRONG = """
from models import learn

case = learn.CASES["transformers/bert_to_classify"]._replace(steps=3, bar=0.0)

def layer(change):
    def model():
        model = case.model()
        change(model.bert.encoder.layer[0])
        return model
    return case._replace(model=model)

learn.CASES = {
    "frozen": layer(lambda layer: layer.output.dense.requires_grad_(False)),
    "detached": layer(lambda layer: layer.output.register_forward_hook(lambda module, given, found: found.detach())),
    "right": case,
    "barred": case._replace(bar=1.1),
}
for name in learn.CASES:
    print("status", learn.main(name))
"""


def learn(*arguments, folder):
    return python("-m", "tinytorch", *arguments, folder=folder, HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")


def all_learn(names: str, folder) -> None:
    for name in names.split():
        need(name.split("/")[0])
    ran = learn(HERE / "learn.py", *names.split(), folder=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr[-3000:]
    assert [line.split()[0] for line in ran.stdout.splitlines()] == names.split()


def test_one_of_each_kind_learns(tmp_path):
    all_learn(FEW, tmp_path)


@pytest.mark.breadth
@pytest.mark.parametrize("kind", REST)
def test_all_others_learn(kind, tmp_path):
    all_learn(REST[kind], tmp_path)


def test_every_case_is_in_one_of_these_tests():
    ran = learn("-c", "from models.learn import CASES; print(*CASES)", folder=HERE.parent)
    assert sorted(ran.stdout.split()) == sorted(" ".join([FEW, *REST.values()]).split()), ran.stderr


def test_a_layer_that_does_not_learn_is_named():
    need("transformers")
    ran = learn("-c", WRONG, folder=HERE.parent)
    assert ran.returncode == 0, ran.stderr[-3000:]
    frozen, _, detached, _, right, _, barred, _ = lines = ran.stdout.splitlines()
    assert lines[1::2] == ["status 1", "status 1", "status 0", "status 1"], ran.stdout
    below = {"bert.embeddings.word_embeddings.weight", "bert.encoder.layer.0.attention.self.value.weight"}
    dense = {"bert.encoder.layer.0.output.dense.weight", "bert.encoder.layer.0.output.dense.bias"}
    named = [set(line.split(" s ", 1)[-1].split()) for line in (frozen, detached)]
    assert named[0] == dense
    assert named[1] > below | dense and not any("layer.1." in name for name in named[1])
    assert "41/41 moved" in right and "41/41 moved" in barred
