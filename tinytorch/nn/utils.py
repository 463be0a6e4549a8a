"""`torch.nn.utils`: clipping gradients, and parameters as one vector."""

from .._face import exported, face

WHERE = {"clip_grad_norm_": "optim.optimizer", "clip_grad_value_": "optim.optimizer",
         "parameters_to_vector": "nn.containers", "vector_to_parameters": "nn.containers"}

__getattr__, __dir__ = face(__name__, lambda name: exported(WHERE[name])[name], lambda: WHERE)
