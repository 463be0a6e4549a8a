"""`torch.__future__`: switches of `Module.to`. They are kept, and change nothing: it replaces the values in place."""

_settings = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    _settings["overwrite"] = bool(value)


def get_overwrite_module_params_on_conversion() -> bool:
    return _settings["overwrite"]


def set_swap_module_params_on_conversion(value: bool) -> None:
    _settings["swap"] = bool(value)


def get_swap_module_params_on_conversion() -> bool:
    return _settings["swap"]
