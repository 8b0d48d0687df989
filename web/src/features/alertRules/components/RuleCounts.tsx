import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { ruleCountsQuery } from '../api/rules'

const LEADS_TO = {
  firing: { state: 'firing' },
  pending: { state: 'pending' },
  failing: { health: 'err' },
  off: { enabled: 'off' },
} as const

/** How many rules there are and how they stand; each number leads to its rules. */
export function RuleCounts() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const { data } = useQuery({ ...ruleCountsQuery(), enabled: useCan('alerts:read') })
  if (!data) return null
  const shown = (['firing', 'pending', 'failing', 'off'] as const).filter((name) => data[name] > 0)
  return (
    <span className="flex flex-wrap items-center gap-x-3 tabular-nums">
      {t('rule.count', { count: data.total, shown: formatNumber(data.total) })}
      {shown.map((name) => (
        <Link key={name} className="link" to={scopedLink('/alerts/rules', LEADS_TO[name])}>
          {t(`rule.${name}Count`, { count: data[name], shown: formatNumber(data[name]) })}
        </Link>
      ))}
    </span>
  )
}
