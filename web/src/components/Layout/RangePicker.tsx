import { CalendarRange } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Select } from '@/components/Common/Select'
import { RANGES, useTimeRange } from '@/hooks/useTimeRange'
import { formatDay } from '@/services/format'

const PickRange = lazy(() => import('./PickRange').then((module) => ({ default: module.PickRange })))

const PICK = 'pick'
const DAY_MS = 86_400_000

/** The time range in the URL: relative unless picked by hand. */
export function RangePicker() {
  const { t } = useTranslation()
  const { name, range, setName } = useTimeRange()
  const [picking, setPicking] = useState(false)
  const isPicked = name.includes('..')
  const lastDay = new Date(Date.parse(range.to) - DAY_MS).toISOString().slice(0, 10)
  const options = [
    ...RANGES.map((value) => ({ value: value as string, label: t(`range.${value}`) })),
    ...(isPicked ? [{ value: name, label: `${formatDay(range.from)} – ${formatDay(lastDay)}` }] : []),
    { value: PICK, label: t('range.pick') },
  ]
  return (
    <>
      <Select
        hideLabel
        label={t('range.label')}
        value={name}
        options={options}
        icon={<CalendarRange size={14} aria-hidden className="max-md:hidden" />}
        onChange={(value) => (value === PICK ? setPicking(true) : void setName(value))}
      />
      {picking && (
        <Suspense>
          <PickRange
            from={range.from}
            last={lastDay}
            onClose={() => setPicking(false)}
            onPick={(from, last) => {
              void setName(`${from}..${last}`)
              setPicking(false)
            }}
          />
        </Suspense>
      )}
    </>
  )
}
