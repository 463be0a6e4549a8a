"""Wrong implementations of saving and loading: see wrong/__init__.py."""

import importlib

import numpy as np

from tinytorch import pickling, serialization, unpickling
from tinytorch.ops.storage import TypedStorage
from wrong.tools import replace, wrong

FILES = "test_serialization.py::"
REFUSED = "test_unpickling.py::"


@wrong(REFUSED + "test_nothing_is_run")
def anything_may_be_named():
    """The list is not asked."""
    replace(unpickling.look_up, lambda module, name: getattr(importlib.import_module(module), name))


@wrong(REFUSED + "test_instructions_that_data_do_not_need")
def a_storage_that_unpickles_is_trusted():
    """Its function reads a file inside of the file, without any restriction."""
    right = unpickling.allowed()
    replace(unpickling.allowed, lambda: right | {"torch.storage._load_from_bytes": serialization._load_from_bytes})


@wrong(REFUSED + "test_a_tensor_that_claims_more")
def sizes_beyond_the_storage():
    """numpy's as_strided looks at no bounds."""
    lay = np.lib.stride_tricks.as_strided
    replace(
        pickling.laid_out,
        lambda storage, offset, size, stride: pickling.Tensor.wrap(
            lay(storage.array[offset:], size, [n * storage.array.itemsize for n in stride])
        ),
    )


@wrong(FILES + "test_shared_storages_stay_shared")
def every_tensor_its_own_storage():
    right = pickling.storage_of
    replace(right, lambda array: right(array.copy("K")))


@wrong(FILES + "test_the_archive_is_as_pytorchs")
def storages_anywhere_in_the_file():
    serialization.ALIGNMENT = 1


@wrong(FILES + "test_big_endian_archives")
def the_order_of_bytes_is_not_looked_at():
    replace(serialization.native, lambda data, dtype, byteorder: data)


@wrong(FILES + "test_map_location")
def map_location_gets_numbers_instead_of_bytes():
    right = serialization.restorer
    replace(right, lambda place: lambda storage, at: right(place)(TypedStorage(storage.array.view("f4")), at))
