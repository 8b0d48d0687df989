/** Where `text` occurs, in names and plain values, without regard to case: the hits, and all paths that lead to one. */
export function matchPaths(value: unknown, text: string): { hits: Set<string>; shown: Set<string> } {
  const wanted = text.toLowerCase()
  const hits = new Set<string>()
  const shown = new Set<string>()
  visit(value, '', null)
  return { hits, shown }

  function visit(node: unknown, path: string, name: string | null): boolean {
    const isBranch = typeof node === 'object' && node !== null
    const isHit = name?.toLowerCase().includes(wanted) || (!isBranch && String(node).toLowerCase().includes(wanted))
    if (isHit) hits.add(path)
    let leads = isHit
    if (isBranch) {
      for (const [key, child] of Object.entries(node)) {
        if (visit(child, `${path}/${key}`, key)) leads = true
      }
    }
    if (isHit && isBranch) showAll(node, path)
    if (leads) shown.add(path)
    return Boolean(leads)
  }

  /** Below a name that matches, everything is of interest. */
  function showAll(node: unknown, path: string) {
    shown.add(path)
    if (typeof node !== 'object' || node === null) return
    for (const [key, child] of Object.entries(node)) showAll(child, `${path}/${key}`)
  }
}
