import { useTranslation } from 'react-i18next'
import { useNow } from '@/hooks/useNow'
import { formatAge, formatInstant } from '@/services/format'

type Props = { at: string | null | undefined; className?: string }

/** "4 min ago", with the exact instant and zone on pointing. */
export function Time({ at, className }: Props) {
  const now = useNow()
  const { t } = useTranslation()
  if (!at) return <span className={className}>{t('time.never')}</span>
  return (
    <time dateTime={at} title={formatInstant(at)} className={className}>
      {formatAge(at, now)}
    </time>
  )
}
