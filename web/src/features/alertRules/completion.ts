export type Completion =
  | { kind: 'name'; typed: string }
  | { kind: 'label'; head: string; typed: string; selector: string }
  | { kind: 'value'; head: string; typed: string; label: string; selector: string }

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:.]*$/
const LABEL = /^\s*[a-zA-Z_]?[a-zA-Z0-9_]*$/
const VALUE = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)$/

/** Where a matcher that is still being typed begins: after the last comma or brace outside quotes. */
function lastStart(inside: string): number {
  let start = 0
  let quoted = false
  for (let at = 0; at < inside.length; at++) {
    if (quoted && inside[at] === '\\') at++
    else if (inside[at] === '"') quoted = !quoted
    else if (inside[at] === ',' && !quoted) start = at + 1
  }
  return start
}

/** What stands at the end of a selector that is being typed; null where nothing can be offered. */
export function completionAt(text: string): Completion | null {
  const brace = text.indexOf('{')
  if (brace < 0) return text === '' || NAME.test(text) ? { kind: 'name', typed: text } : null
  if (text.trimEnd().endsWith('}')) return null
  const selector = text.slice(0, brace).trim()
  const inside = text.slice(brace + 1)
  const start = lastStart(inside)
  const matcher = inside.slice(start)
  if (LABEL.test(matcher)) {
    const typed = matcher.trimStart()
    return { kind: 'label', head: text.slice(0, text.length - typed.length), typed, selector }
  }
  const value = VALUE.exec(matcher)
  if (!value) return null
  const typed = value[2] ?? ''
  return { kind: 'value', head: text.slice(0, text.length - typed.length), typed, label: value[1] ?? '', selector }
}
