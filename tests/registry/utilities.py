"""Examples for what is made of modules: see registry/__init__.py."""

MODULES = {
    "AveragedModel": [(lambda t: t.optim.swa_utils.AveragedModel(t.nn.Linear(3, 2)), lambda d: [d.any(4, 3)])],
    "ParametrizationList": [
        (
            lambda t: t.nn.utils.parametrize.register_parametrization(t.nn.Linear(3, 3), "weight", t.nn.Tanh()),
            lambda d: [d.any(4, 3)],
        ),
        (lambda t: t.nn.utils.parametrizations.weight_norm(t.nn.Linear(3, 2)), lambda d: [d.any(4, 3)]),
        (lambda t: t.nn.utils.parametrizations.spectral_norm(t.nn.Linear(3, 2)).eval(), lambda d: [d.any(4, 3)]),
    ],
}
