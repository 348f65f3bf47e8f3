"""Compares each original with its transformation: the same syntax tree once the added handlers are taken out.

Reads a JSON list of [name, original, transformed] from stdin, writes a JSON list of [name, verdict].
"""

import ast
import json
import sys
import warnings

warnings.simplefilter("ignore")


def is_handler(node):
    return (
        isinstance(node, ast.Try)
        and not node.orelse
        and not node.finalbody
        and len(node.handlers) == 1
        and len(node.handlers[0].body) == 2
        and isinstance(node.handlers[0].type, ast.Name)
        and node.handlers[0].type.id == "Exception"
        and isinstance(node.handlers[0].body[1], ast.Raise)
        and node.handlers[0].body[1].exc is None
        and ast.unparse(node.handlers[0].body[0]).endswith(" failed')")
        and ".exception('" in ast.unparse(node.handlers[0].body[0])
    )


class Unwrap(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        body = node.body
        documented = ast.get_docstring(node, clean=False) is not None
        rest = body[1:] if documented else body
        if len(rest) == 1 and is_handler(rest[0]):
            node.body = body[: len(body) - 1] + rest[0].body
        self.generic_visit(node)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef


def statements(tree, without_import):
    body = list(tree.body)
    if without_import:
        for index, node in enumerate(body):
            if isinstance(node, ast.Import) and node.names[0].name == "logging" and len(node.names) == 1:
                del body[index]
                break
    return [ast.dump(node) for node in body]


def verdict(original, transformed):
    try:
        before = ast.parse(original)
    except (SyntaxError, ValueError):
        return "invalid"
    try:
        compile(transformed, "transformed", "exec")
        after = ast.parse(transformed)
    except (SyntaxError, ValueError) as error:
        return f"broken: {error}"
    count = sum(map(is_handler, ast.walk(after))) - sum(map(is_handler, ast.walk(before)))
    if count <= 0:
        return "broken: nothing was wrapped"
    expected = statements(Unwrap().visit(before), False)
    unwrapped = Unwrap().visit(after)
    if expected in (statements(unwrapped, False), statements(unwrapped, True)):
        return "same"
    return "broken: another program"


sys.setrecursionlimit(20000)
json.dump([[name, verdict(a, b)] for name, a, b in json.load(sys.stdin)], sys.stdout)
