"""Saves small models of transformers as PyTorch does, or reads them, and prints what they generate, as JSON.

python pretrained.py FOLDER [save]
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from models.oracle import let_torchvision_load

let_torchvision_load()
import transformers as T  # noqa: E402
from models import cases_transformers  # noqa: E402

MODELS = {
    "gpt2": T.AutoModelForCausalLM, "bart": T.AutoModelForSeq2SeqLM, "t5": T.AutoModelForSeq2SeqLM,
    "whisper": T.AutoModelForSpeechSeq2Seq,
}  # fmt: skip
WAYS = {
    "greedy": {},
    "top k": {"do_sample": True, "top_k": 20, "temperature": 0.8},
    "top p": {"do_sample": True, "top_p": 0.9, "top_k": 0},
    "beams": {"num_beams": 3, "num_return_sequences": 2, "length_penalty": 0.5, "no_repeat_ngram_size": 2},
    "penalty": {"repetition_penalty": 1.3},
    "no cache": {"use_cache": False},
}


def save(name: str, folder: Path) -> None:
    """A model with weights large enough that what it generates depends on what it is given."""
    model, _ = getattr(cases_transformers, name)(np.random.default_rng(0))
    torch.manual_seed(1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(folder)


def generated(name: str, folder: Path) -> dict:
    model, rng = MODELS[name].from_pretrained(folder).eval(), np.random.default_rng(5)
    words = {
        "inputs": torch.from_numpy(rng.integers(4, 96, (2, 5))),
        "attention_mask": torch.ones(2, 5, dtype=torch.long),
    }
    sound = {"input_features": torch.from_numpy(rng.standard_normal((2, 8, 60)).astype("float32"))}
    found = {}
    for way, options in WAYS.items():
        torch.manual_seed(7)
        answer = model.generate(**(sound if name == "whisper" else words), max_new_tokens=8, **options)
        found[way] = getattr(answer, "sequences", answer).tolist()
    return found


def main(folder: str, *first: str) -> None:
    places = {name: Path(folder, name) for name in MODELS}
    if first:
        for name, place in places.items():
            save(name, place)
    print(json.dumps({name: generated(name, place) for name, place in places.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
