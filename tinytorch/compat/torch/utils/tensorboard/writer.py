"""`SummaryWriter`, from the package tensorboardX, which needs neither PyTorch nor TensorBoard."""

try:
    from tensorboardX import SummaryWriter as Writer
except ImportError as error:
    raise ImportError(
        "torch.utils.tensorboard writes through the package tensorboardX, which is not installed: pip install tensorboardX"
    ) from error

from .....tensor import Tensor

__all__ = ["SummaryWriter"]


def plain(value):
    """Arrays instead of tensors, in dicts, lists and tuples, too."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else value


def with_arrays(name: str):
    method = getattr(Writer, name)

    def add(self, *args, **kwargs):
        return method(self, *map(plain, args), **plain(kwargs))

    add.__name__, add.__doc__ = name, method.__doc__
    return add


class SummaryWriter(Writer):
    """As `torch.utils.tensorboard.SummaryWriter`; `add_graph` is not there."""

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        super().__init__(log_dir, comment, purge_step, max_queue, flush_secs, filename_suffix)
        self.log_dir = self.logdir

    def get_logdir(self) -> str:
        return self.logdir

    def add_graph(self, model, input_to_model=None, verbose: bool = False, use_strict_trace: bool = True):
        raise NotImplementedError("SummaryWriter.add_graph: tinytorch traces no models")

    for name in ("scalar", "scalars", "histogram", "image", "images", "image_with_boxes", "video", "audio", "embedding",
                 "pr_curve", "mesh", "hparams", "text"):  # fmt: skip
        locals()[f"add_{name}"] = with_arrays(f"add_{name}")
    del name
