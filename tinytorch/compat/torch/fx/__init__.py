"""`torch.fx`: programs as graphs. What marks a function for it is accepted; making a graph says that it is not here."""

__all__ = ["wrap"]


def wrap(fn_or_name):
    """What shall be one step of a graph: it is handed back."""
    return fn_or_name
