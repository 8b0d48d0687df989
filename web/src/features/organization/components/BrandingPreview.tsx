import type { CSSProperties } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Card } from '@/components/Common/Card'
import { Logo } from '@/components/Layout/Logo'
import { accentFor, contrast, isHexColor, LEAST_CONTRAST } from '@/services/colors'
import { formatNumber } from '@/services/format'

type Props = { name: string | null; accent: string | null; logoUrl: string | null }

const THEMES = ['light', 'dark'] as const

/** How the sign-in page will look in both themes, with the contrast that comes out. */
export function BrandingPreview({ name, accent, logoUrl }: Props) {
  const { t } = useTranslation()
  return (
    <Card title={t('branding.preview')}>
      <div className="flex flex-col gap-3 pt-1">
        {THEMES.map((theme) => (
          <div key={theme}>
            <p className="mb-1 text-muted">{t(`theme.${theme}`)}</p>
            <ThemePreview theme={theme} name={name} accent={accent} logoUrl={logoUrl} />
          </div>
        ))}
      </div>
    </Card>
  )
}

function ThemePreview({ theme, name, accent, logoUrl }: Props & { theme: (typeof THEMES)[number] }) {
  const { t } = useTranslation()
  const shades = accent && isHexColor(accent) ? accentFor(accent, theme === 'dark') : null
  // Both themes at once: the values of one are set for this part of the page only.
  const style = shades ? ({ '--accent': shades.accent, '--accent-fg': shades.text } as CSSProperties) : undefined
  const ratio = shades ? contrast(shades.accent, shades.text) : null
  return (
    <div data-theme={theme} style={style} className="rounded-card border border-border bg-bg p-4 text-text">
      <div className="mb-3 flex items-center gap-2">
        {logoUrl ? <img src={logoUrl} alt="" className="h-8 max-w-28 object-contain" /> : <Logo size={28} />}
        <span className="truncate text-15 font-semibold">{name ?? t('signIn.title')}</span>
      </div>
      <div className="flex flex-wrap items-center gap-3">
        <span className="inline-flex h-8 items-center rounded-control bg-accent px-3 font-medium text-accent-fg">
          {t('signIn.submit')}
        </span>
        <span className="text-accent">{t('signIn.forgot')}</span>
      </div>
      {ratio !== null && (
        <p className="mt-3">
          <Badge tone={ratio >= LEAST_CONTRAST ? 'ok' : 'bad'}>
            {t('branding.contrast', { ratio: formatNumber(ratio, { maximumFractionDigits: 1 }) })}
          </Badge>
          {shades && accent && shades.accent.toLowerCase() !== accent.toLowerCase() && (
            <span className="ml-2 text-muted">{t('branding.shaded', { shade: shades.accent })}</span>
          )}
        </p>
      )}
    </div>
  )
}
