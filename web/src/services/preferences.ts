import { create } from 'zustand'
import { persist } from 'zustand/middleware'

export type Theme = 'system' | 'light' | 'dark'
export type Density = 'compact' | 'comfortable'

type Preferences = {
  theme: Theme
  density: Density
  sidebarFolded: boolean
  singleKeyShortcuts: boolean
}

/** Saved in this browser. `public/theme-boot.js` reads the same entry before the first paint. */
export const usePreferences = create<Preferences>()(
  persist(
    (): Preferences => ({ theme: 'system', density: 'compact', sidebarFolded: false, singleKeyShortcuts: true }),
    {
      name: 'cloudops-preferences',
    },
  ),
)

const prefersDark = () => window.matchMedia('(prefers-color-scheme: dark)').matches

function apply({ theme, density }: Preferences) {
  const dark = theme === 'dark' || (theme === 'system' && prefersDark())
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  document.documentElement.dataset.density = density
}

/** Keeps the document in step with the saved choice and with the system's theme. */
export function followPreferences(): void {
  apply(usePreferences.getState())
  usePreferences.subscribe(apply)
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(usePreferences.getState()))
}
