"""`torch.utils.data._utils`: where public programs fetch default_collate from."""

from . import collate as collate
