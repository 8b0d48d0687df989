import { CalendarRange, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TimeDomain } from '@/components/Charts/timeScale'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { Select } from '@/components/Common/Select'
import { formatInstant } from '@/services/format'
import type { useExplorerState } from '../hooks/useExplorer'
import { isPicked, PERIODS, pickPeriod, resolvePeriod } from '../rules/periods'

const PICK = 'pick'
const STEPS = [60, 300, 900, 3_600, 21_600, 86_400]
const REFRESHES = [0, 30, 60, 300]

/** Time, step, refresh and comparison of all charts. */
export function TimeControls({ state }: { state: ReturnType<typeof useExplorerState> }) {
  const { t } = useTranslation()
  const { time, step, refresh, compare, set } = state
  const [picking, setPicking] = useState<TimeDomain | null>(null)
  const ends = resolvePeriod(time, 0)
  const short = (ms: number) =>
    new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' }).format(ms)
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <Select
        hideLabel
        label={t('metrics.time')}
        value={time}
        icon={<CalendarRange size={14} aria-hidden />}
        options={[
          ...PERIODS.map((value) => ({ value: value as string, label: t(`metrics.period.${value}`) })),
          ...(isPicked(time) ? [{ value: time, label: `${short(ends.fromMs)} – ${short(ends.toMs)}` }] : []),
          { value: PICK, label: t('range.pick') },
        ]}
        onChange={(value) => (value === PICK ? setPicking(resolvePeriod(time, Date.now())) : void set({ time: value }))}
      />
      <Select
        label={t('metrics.step')}
        value={String(step ?? '')}
        options={[
          { value: '', label: t('metrics.autoStep') },
          ...STEPS.map((seconds) => ({
            value: String(seconds),
            label: t(`metrics.stepName.${seconds}` as 'metrics.stepName.60'),
          })),
        ]}
        onChange={(value) => void set({ step: value ? Number(value) : null })}
      />
      <Select
        label={t('metrics.refresh')}
        value={String(refresh)}
        icon={<RefreshCw size={13} aria-hidden />}
        options={REFRESHES.map((seconds) => ({
          value: String(seconds),
          label: t(`metrics.refreshName.${seconds}` as 'metrics.refreshName.0'),
        }))}
        onChange={(value) => void set({ refresh: Number(value) })}
      />
      <Checkbox
        label={t('metrics.compare')}
        checked={compare}
        onChange={(event) => void set({ compare: event.target.checked })}
      />
      {picking && (
        <PickPeriod
          {...picking}
          onPick={(next) => {
            void set({ time: next })
            setPicking(null)
          }}
          onClose={() => setPicking(null)}
        />
      )}
    </div>
  )
}

type PickProps = { fromMs: number; toMs: number; onPick: (period: string) => void; onClose: () => void }

/** As the browser's field for local times writes it. */
const localText = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)

function PickPeriod({ fromMs, toMs, onPick, onClose }: PickProps) {
  const { t } = useTranslation()
  const [from, setFrom] = useState(localText(fromMs))
  const [to, setTo] = useState(localText(toMs))
  const [start, end] = [Date.parse(from), Date.parse(to)]
  const isValid = start < end
  return (
    <FormDialog
      title={t('range.pick')}
      submitLabel={t('metrics.show')}
      disabled={!isValid}
      onSubmit={() => onPick(pickPeriod({ fromMs: start, toMs: end }))}
      onClose={onClose}
    >
      <Field
        type="datetime-local"
        label={t('metrics.from')}
        value={from}
        onChange={(event) => setFrom(event.target.value)}
      />
      <Field
        type="datetime-local"
        label={t('metrics.to')}
        value={to}
        error={isValid ? undefined : t('metrics.orderError')}
        hint={Number.isNaN(end) ? undefined : formatInstant(new Date(end).toISOString())}
        onChange={(event) => setTo(event.target.value)}
      />
    </FormDialog>
  )
}
