const NAMES: Record<string, string> = {
  mod: /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl',
  Escape: 'Esc',
  ArrowDown: '↓',
  ArrowUp: '↑',
  Enter: '↵',
}

/** Keys as drawn on a keyboard; `g d` is two keys in a row, `mod+k` two at once. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <span className="inline-flex shrink-0 gap-1">
      {keys.split(/[ +]/).map((key) => (
        <kbd
          key={key}
          className="min-w-4.5 rounded-control border border-border bg-surface-2 px-1 text-center font-mono text-11 leading-4 text-muted"
        >
          {NAMES[key] ?? (keys.includes('+') ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  )
}
