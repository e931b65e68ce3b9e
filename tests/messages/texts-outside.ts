/** Finds texts for people in the source of a component: in elements, and in attributes that are read or shown. */
import { type AnyNode, parse } from 'acorn'
import { transformSync } from 'esbuild'

const shown = new Set([
  'alt',
  'title',
  'placeholder',
  'aria-label',
  'aria-description',
  'label',
  'subtitle',
  'download'
])

/** The texts, trimmed. A text is anything with two letters in a row. */
export function textsOutside(source: string): string[] {
  const { code } = transformSync(source, { loader: 'tsx', jsx: 'transform', jsxFactory: 'h', jsxFragment: 'Fragment' })
  const found: string[] = []
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), found)
  return found
}

function visit(node: AnyNode, found: string[]): void {
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'h') {
    const [, attributes, ...children] = node.arguments
    for (const child of children) collect(child, found)
    if (attributes?.type === 'ObjectExpression')
      for (const property of attributes.properties)
        if (property.type === 'Property' && shown.has(nameOf(property.key))) collect(property.value, found)
  }
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child?.type === 'string') visit(child as AnyNode, found)
}

/** The literals that an expression may become. Calls and names come from elsewhere. */
function collect(node: AnyNode, found: string[]): void {
  if (node.type === 'Literal' && typeof node.value === 'string') add(node.value, found)
  if (node.type === 'TemplateLiteral') for (const { value } of node.quasis) add(value.cooked ?? '', found)
  if (node.type === 'ConditionalExpression') for (const each of [node.consequent, node.alternate]) collect(each, found)
  if (node.type === 'LogicalExpression' || (node.type === 'BinaryExpression' && node.operator === '+'))
    for (const each of [node.left, node.right]) collect(each as AnyNode, found)
}

function add(text: string, found: string[]): void {
  if (/\p{L}{2}/u.test(text)) found.push(text.trim())
}

function nameOf(key: AnyNode): string {
  if (key.type === 'Identifier') return key.name
  return key.type === 'Literal' ? String(key.value) : ''
}
