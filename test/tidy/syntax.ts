/**
 * As much of a syntax tree as the rules need: every node has a type, a place and fields by name (ESTree with TypeScript's nodes, as Oxc
 * writes it). Rules ask for the fields they know.
 */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

export function childNode(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

export function childNodes(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name of an identifier or private name, the text of a string literal; undefined for anything else. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  const name = node.type === "Literal" ? node["value"] : node["name"];
  return typeof name === "string" ? name : undefined;
}

/** Calls `visit` for each node below `root` and itself, parents first; `ancestors` goes from the root to the parent. */
export function walk(root: SyntaxNode, visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void): void {
  const ancestors: SyntaxNode[] = [];
  const enter = (node: SyntaxNode): void => {
    visit(node, ancestors);
    ancestors.push(node);
    for (const value of Object.values(node)) {
      if (isNode(value)) enter(value);
      else if (Array.isArray(value)) for (const item of value) if (isNode(item)) enter(item);
    }
    ancestors.pop();
  };
  enter(root);
}

/** What an expression is without the assertions around it: `x` for `x as T`, `x satisfies T` and `x!`. */
export function withoutAssertions(node: SyntaxNode): SyntaxNode {
  const wraps = ["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression", "ParenthesizedExpression"].includes(node.type);
  const inner = childNode(node, "expression");
  return wraps && inner !== undefined ? withoutAssertions(inner) : node;
}
