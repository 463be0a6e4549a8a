"""`torch.nn.utils`: clipping gradients, parameters as one vector, and a weight as length and direction."""

from ..._namespace import namespace

__getattr__, __dir__ = namespace(__name__, elsewhere={
    "clip_grad_norm_": "optim.optimizer", "clip_grad_value_": "optim.optimizer",
    "parameters_to_vector": "nn.containers", "vector_to_parameters": "nn.containers",
    "weight_norm": "nn.weight_norm", "remove_weight_norm": "nn.weight_norm"})
