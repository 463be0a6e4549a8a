"""`torch.func`: derivatives and batches as functions of functions, handed on from companions of lessons 02 and 03."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__, elsewhere={
    "vmap": "func.batching",
    **dict.fromkeys(("grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize", "functionalize"),
                    "func.derivatives"),
    **dict.fromkeys(("functional_call", "stack_module_state"), "nn.utils.stateless")})
