import { History, X } from 'lucide-react'
import { Popover } from 'radix-ui'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatInstant } from '@/services/format'
import { Button, IconButton } from './Button'
import { classes } from './classes'
import { inputShape } from './Field'

const HOUR_MS = 3_600_000
const HOURS_BACK = 30 * 24

type Props = {
  /** The instant shown, ISO in UTC; null is now. */
  at: string | null
  onChange: (at: string | null) => void
}

const toLocalField = (ms: number): string => {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
const toIso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** Shows the page as of a moment: a slider over the last 30 days, and a field for any other instant. */
export function TimeTravel({ at, onChange }: Props) {
  const { t } = useTranslation()
  return (
    <span className="inline-flex items-center">
      <Popover.Root>
        <Popover.Trigger asChild>
          <Button
            icon={History}
            className={at ? 'border-accent! font-medium' : 'text-muted'}
            aria-label={at ? t('travel.openAt', { at: formatInstant(at) }) : t('travel.open')}
          >
            {at ? t('travel.asOf', { at: formatInstant(at) }) : t('travel.now')}
          </Button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            align="end"
            sideOffset={4}
            collisionPadding={8}
            aria-label={t('travel.open')}
            className="enter-pop z-50 w-80 max-w-[calc(100vw-16px)] rounded-card border border-border bg-surface p-3 shadow-floating"
          >
            <Slider at={at} onChange={onChange} />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {at && <IconButton icon={X} label={t('travel.back')} onClick={() => onChange(null)} />}
    </span>
  )
}

function Slider({ at, onChange }: Props) {
  const { t } = useTranslation()
  const ids = useId()
  const [now] = useState(() => Math.floor(Date.now() / HOUR_MS) * HOUR_MS)
  const hoursBack = at ? Math.min(HOURS_BACK, Math.max(0, Math.round((now - Date.parse(at)) / HOUR_MS))) : 0
  const [moved, setMoved] = useState<number | null>(null)
  const shown = moved ?? hoursBack
  const settle = () => {
    if (moved === null) return
    setMoved(null)
    onChange(moved === 0 ? null : toIso(now - moved * HOUR_MS))
  }
  return (
    <div className="flex flex-col gap-3">
      <div>
        <label htmlFor={`${ids}-slider`} className="mb-1 block font-medium">
          {t('travel.slider')}
        </label>
        <input
          id={`${ids}-slider`}
          type="range"
          min={-HOURS_BACK}
          max={0}
          value={-shown}
          aria-valuetext={shown === 0 ? t('travel.now') : formatInstant(toIso(now - shown * HOUR_MS))}
          onChange={(event) => setMoved(-Number(event.target.value))}
          onPointerUp={settle}
          onKeyUp={settle}
          onBlur={settle}
          className="w-full accent-accent"
        />
        <div className="flex justify-between text-11 text-muted">
          <span>{t('travel.daysAgo', { count: 30 })}</span>
          <span className="text-text tabular-nums">
            {shown === 0 ? t('travel.now') : formatInstant(toIso(now - shown * HOUR_MS))}
          </span>
          <span>{t('travel.now')}</span>
        </div>
      </div>
      <div>
        <label htmlFor={`${ids}-field`} className="mb-1 block font-medium">
          {t('travel.field')}
        </label>
        <input
          id={`${ids}-field`}
          type="datetime-local"
          max={toLocalField(now + HOUR_MS)}
          defaultValue={at ? toLocalField(Date.parse(at)) : ''}
          key={at}
          onBlur={(event) => {
            const ms = Date.parse(event.target.value)
            if (Number.isFinite(ms) && ms < Date.now()) onChange(toIso(ms))
          }}
          onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
          className={classes(inputShape)}
        />
      </div>
      {at && (
        <Button className="self-start" onClick={() => onChange(null)}>
          {t('travel.back')}
        </Button>
      )}
    </div>
  )
}
