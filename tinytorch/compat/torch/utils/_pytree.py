"""`torch.utils._pytree`: nested lists, tuples and dicts as a flat list of leaves, and back."""

from collections import OrderedDict, namedtuple
from typing import Any, NamedTuple

__all__ = ["LeafSpec", "TreeSpec", "register_pytree_node", "tree_all", "tree_any", "tree_flatten", "tree_iter",
           "tree_leaves", "tree_map", "tree_map_", "tree_map_only", "tree_structure", "tree_unflatten"]  # fmt: skip


class Way(NamedTuple):
    """How a type is taken apart, to (children, context), and made of them again."""

    flatten: Any
    unflatten: Any


WAYS = {
    list: Way(lambda x: (x, None), lambda children, _: list(children)),
    tuple: Way(lambda x: (list(x), None), lambda children, _: tuple(children)),
    dict: Way(lambda x: (list(x.values()), list(x)), lambda children, keys: dict(zip(keys, children))),
    OrderedDict: Way(lambda x: (list(x.values()), list(x)), lambda children, keys: OrderedDict(zip(keys, children))),
    namedtuple: Way(lambda x: (list(x), type(x)), lambda children, kind: kind(*children)),
}


class TreeSpec:
    """The shape of a tree: the type of its root (None: a leaf), what else to know of it, and the shapes below."""

    def __init__(self, type, context, children: list):
        self.type, self.context, self.children_specs = type, context, children
        self.num_leaves = 1 if type is None else sum(child.num_leaves for child in children)

    def is_leaf(self) -> bool:
        return self.type is None

    def __eq__(self, other):
        return isinstance(other, TreeSpec) and vars(self) == vars(other)

    def __repr__(self):
        return "*" if self.type is None else f"TreeSpec({self.type.__name__}, {self.context}, {self.children_specs})"


class LeafSpec(TreeSpec):
    def __init__(self):
        super().__init__(None, None, [])


def kind_of(tree):
    """The key of WAYS for `tree`; None for a leaf."""
    kind = type(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields") and kind not in WAYS:
        return namedtuple
    return kind if kind in WAYS else None


def register_pytree_node(cls, flatten_fn, unflatten_fn, **options) -> None:
    """`flatten_fn(x)` gives (children, context), `unflatten_fn(children, context)` an x again."""
    WAYS[cls] = Way(flatten_fn, unflatten_fn)


_register_pytree_node = register_pytree_node


def tree_flatten(tree, is_leaf=None) -> tuple:
    """(the leaves, the TreeSpec)."""
    kind = None if is_leaf and is_leaf(tree) else kind_of(tree)
    if kind is None:
        return [tree], LeafSpec()
    children, context = WAYS[kind].flatten(tree)
    flat = [tree_flatten(child, is_leaf) for child in children]
    return [leaf for leaves, _ in flat for leaf in leaves], TreeSpec(kind, context, [spec for _, spec in flat])


def tree_unflatten(leaves, treespec: TreeSpec):
    """The tree of that shape with these leaves. ValueError unless they are as many."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten(leaves, treespec): `leaves` has length {len(leaves)} but the spec refers to a pytree that "
            f"holds {treespec.num_leaves} items ({treespec})."
        )
    if treespec.is_leaf():
        return leaves[0]
    children = []
    for spec in treespec.children_specs:
        children.append(tree_unflatten(leaves[: spec.num_leaves], spec))
        leaves = leaves[spec.num_leaves :]
    return WAYS[treespec.type].unflatten(children, treespec.context)


def tree_map(func, tree, *rests, is_leaf=None):
    """The tree of `func(leaf, ...)`; more trees of the same shape give more arguments."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten([func(*group) for group in zip(leaves, *others, strict=True)], spec)


def tree_map_(func, tree, *rests, is_leaf=None):
    """Calls `func` for each leaf; returns `tree`."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(kinds, func, tree, is_leaf=None):
    """The tree with `func(leaf)` for each leaf of these types."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kinds) else leaf, tree, is_leaf=is_leaf)


def tree_leaves(tree, is_leaf=None) -> list:
    return tree_flatten(tree, is_leaf)[0]


def tree_iter(tree, is_leaf=None):
    return iter(tree_leaves(tree, is_leaf))


def tree_structure(tree, is_leaf=None) -> TreeSpec:
    return tree_flatten(tree, is_leaf)[1]


def tree_all(pred, tree, is_leaf=None) -> bool:
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred, tree, is_leaf=None) -> bool:
    return any(map(pred, tree_leaves(tree, is_leaf)))
