"""`torch.nn.utils.convert_parameters`, handed on from the containers of lesson 03."""

from ..._namespace import namespace

__getattr__, __dir__ = namespace(__name__, elsewhere=dict.fromkeys(("parameters_to_vector", "vector_to_parameters"), "nn.containers"))
