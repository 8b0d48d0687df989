import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Logo } from '@/components/Layout/Logo'
import { accentFor } from '@/services/colors'
import { usePreferences } from '@/services/preferences'
import { hostBrandingQuery } from '../api/branding'

/** The organization's name and logo on an address of its own; ours elsewhere, and until (or unless) the answer comes. */
export function useBrand() {
  const { data } = useQuery({ ...hostBrandingQuery(), retry: false })
  const theme = usePreferences((preferences) => preferences.theme)
  const accent = data?.accent ?? null
  useEffect(() => {
    if (!accent) return
    const root = document.documentElement
    const { accent: shade, text } = accentFor(accent, root.dataset.theme === 'dark')
    root.style.setProperty('--accent', shade)
    root.style.setProperty('--accent-fg', text)
    return () => {
      root.style.removeProperty('--accent')
      root.style.removeProperty('--accent-fg')
    }
  }, [accent, theme])
  return {
    name: data?.name ?? null,
    mark: data?.logo_url ? (
      <img src={data.logo_url} alt="" className="h-9 max-w-32 object-contain" />
    ) : (
      <Logo size={36} />
    ),
  }
}
