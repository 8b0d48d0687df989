import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/services/format'
import type { Facets } from '@/types/api'

/** An estimate is off by up to a seventh: more digits would be noise. */
const DIGITS_OF_ESTIMATE = 2

/** How many resources the filters leave: "312", "10,000 or more" where counting stopped, "about 240,000" of a sample. */
export function useCountText(facets: Pick<Facets, 'total' | 'exact' | 'estimated'> | undefined): string | null {
  const { t } = useTranslation()
  if (!facets) return null
  const { total, exact, estimated } = facets
  if (exact) return formatNumber(total)
  if (!estimated) return t('resource.countAtLeast', { shown: formatNumber(total) })
  return t('resource.countAbout', { shown: formatNumber(total, { maximumSignificantDigits: DIGITS_OF_ESTIMATE }) })
}
