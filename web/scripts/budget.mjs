// Checks the built script sizes against the budgets of the UI guide: the first load (entry and what it imports at once)
// up to 150 kB gzipped, each lazy page with all that only it needs up to 120 kB.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const FIRST_LOAD_BYTES = 150_000
const LAZY_PAGE_BYTES = 120_000
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))

const sizes = new Map()
const gzippedBytes = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length)
  return sizes.get(file)
}

function filesOf(key, found = new Set()) {
  const chunk = manifest[key]
  if (!chunk || found.has(chunk.file)) return found
  if (chunk.file.endsWith('.js')) found.add(chunk.file)
  for (const imported of chunk.imports ?? []) filesOf(imported, found)
  return found
}

const entryKey = Object.keys(manifest).find((key) => manifest[key].isEntry)
const firstLoad = filesOf(entryKey)
const sum = (files) => [...files].reduce((total, file) => total + gzippedBytes(file), 0)
const rows = [{ name: 'first load', bytes: sum(firstLoad), budget: FIRST_LOAD_BYTES }]
for (const key of Object.keys(manifest)) {
  if (!manifest[key].isDynamicEntry) continue
  const own = [...filesOf(key)].filter((file) => !firstLoad.has(file))
  rows.push({ name: key, bytes: sum(own), budget: LAZY_PAGE_BYTES })
}

let failed = false
for (const { name, bytes, budget } of rows.sort((a, b) => b.bytes - a.bytes)) {
  const over = bytes > budget
  failed ||= over
  console.log(`${over ? 'OVER ' : 'ok   '}${(bytes / 1000).toFixed(1).padStart(7)} of ${budget / 1000} kB  ${name}`)
}
process.exit(failed ? 1 : 0)
