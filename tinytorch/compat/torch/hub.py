"""`torch.hub`: weights and models from elsewhere, kept in a folder once they have been fetched."""

import hashlib
import importlib.util
import os
import re
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

__all__ = [
    "HASH_REGEX", "_get_torch_home", "download_url_to_file", "get_dir", "load", "load_state_dict_from_url", "set_dir",
    "urlparse",
]  # fmt: skip

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # "resnet18-f37072fd.pth": the beginning of its SHA-256
_chosen = None


def _get_torch_home() -> str:
    """$TORCH_HOME, or torch/ in $XDG_CACHE_HOME, or ~/.cache/torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """The folder: what `set_dir` said, or hub/ in PyTorch's."""
    return _chosen or os.path.join(_get_torch_home(), "hub")


def set_dir(d) -> None:
    global _chosen
    _chosen = os.path.expanduser(d)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Write what lies at `url` to `dst`. RuntimeError if its SHA-256 does not begin with `hash_prefix`."""
    with urllib.request.urlopen(urllib.request.Request(url, headers={"User-Agent": "torch.hub"})) as answer:
        data = answer.read()
    found = hashlib.sha256(data).hexdigest()
    if hash_prefix and not found.startswith(hash_prefix):
        raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}")')
    part = Path(f"{dst}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(dst)


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location=None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> dict:
    """`torch.load` of what lies at `url`, fetched unless it is in the folder already."""
    from ...serialization import load as load_file

    folder = Path(model_dir or os.path.join(get_dir(), "checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (file_name or os.path.basename(urlparse(url).path))
    if not file.exists():
        print(f'Downloading: "{url}" to {file}', file=sys.stderr)
        named = HASH_REGEX.search(file.name) if check_hash else None
        download_url_to_file(url, str(file), named[1] if named else None, progress)
    return load_file(str(file), map_location=map_location, weights_only=True)  # nothing fetched is run


def load(repo_or_dir, model: str, *args, source: str = "github", trust_repo="check", force_reload=False, verbose=True,
         skip_validation=False, **kwargs):  # fmt: skip
    """What the function `model` of the hubconf.py in a folder returns; `source` must be "local"."""
    if source != "local":
        raise NotImplementedError(
            f"torch.hub: tinytorch fetches no programs. Get {repo_or_dir} yourself; give its folder, and source='local'"
        )
    sys.path.insert(0, str(repo_or_dir))
    try:
        spec = importlib.util.spec_from_file_location("hubconf", Path(repo_or_dir, "hubconf.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(repo_or_dir))
    found = getattr(module, model, None)
    if not callable(found):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return found(*args, **kwargs)
