"""`torch.utils.data._utils.collate`."""

from tinytorch.data.dataloader import default_collate as default_collate
from tinytorch.data.dataloader import default_convert as default_convert
