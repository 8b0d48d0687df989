import { useMemo, useSyncExternalStore } from 'react'

const NAMES = [
  'accent',
  'bg',
  'border',
  'text',
  'muted',
  'critical',
  'high',
  'medium',
  'low',
  'info',
  'series-1',
  'series-2',
  'series-3',
  'series-4',
  'series-other',
] as const
export type ThemeColors = Record<(typeof NAMES)[number], string>

function subscribe(listen: () => void) {
  const observer = new MutationObserver(listen)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

/** The theme's colours as values, for what is drawn by WebGL and cannot read variables. */
export function useThemeColors(): ThemeColors {
  const theme = useSyncExternalStore(subscribe, () => document.documentElement.dataset.theme)
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement)
    void theme
    return Object.fromEntries(
      NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim() || '#888888']),
    ) as ThemeColors
  }, [theme])
}
