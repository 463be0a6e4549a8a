"""`torchvision.ops`: operations of detection and blocks of vision models, handed on from the companions."""

import sys
from types import ModuleType

from ..._namespace import namespace

MODULES = ("vision.ops.boxes", "vision.ops.roi_align", "vision.ops.misc", "vision.ops.stochastic_depth",
           "vision.ops.drop_block", "vision.ops.focal_loss", "vision.ops.feature_pyramid_network", "vision.ops.deform_conv")
NAMES = frozenset("""
    Conv2dNormActivation Conv3dNormActivation DeformConv2d DropBlock2d DropBlock3d FeaturePyramidNetwork
    FrozenBatchNorm2d MLP MultiScaleRoIAlign PSRoIAlign PSRoIPool Permute RoIAlign RoIPool SqueezeExcitation
    StochasticDepth batched_nms box_area box_convert box_iou clip_boxes_to_image complete_box_iou
    complete_box_iou_loss deform_conv2d distance_box_iou distance_box_iou_loss drop_block2d drop_block3d
    generalized_box_iou generalized_box_iou_loss masks_to_boxes nms ps_roi_align ps_roi_pool remove_small_boxes
    roi_align roi_pool sigmoid_focal_loss stochastic_depth
""".split())

SHARED = {name: f"vision.ops.{name}" for name in ("roi_align", "stochastic_depth")}


class _Package(ModuleType):
    """`ops.roi_align` is the function, also when the module of that name has been imported."""

    def __setattr__(self, name, value):
        if name not in SHARED or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
__getattr__, __dir__ = namespace(__name__, MODULES, elsewhere=SHARED,
                                 keep=lambda value: getattr(value, "__name__", None) in NAMES)
