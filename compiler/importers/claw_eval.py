"""stub"""
from clawc.compiler.importers.model import Found
from clawc.compiler.importers.tree import Tree
def find(tree: Tree) -> list[Found]:
    return []
