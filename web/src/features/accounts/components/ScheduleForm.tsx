import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/components/Common/Button'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { Select } from '@/components/Common/Select'
import { Section } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useAllRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Schedule } from '@/types/api'
import { accountScheduleQuery, accountUnitsQuery, useSetSchedule } from '../api'

/** Minutes; the server takes 5 minutes to a week. */
const INTERVALS = [5, 15, 30, 60, 180, 360, 720, 1_440, 10_080]

/** How often the account is read, and which services at other intervals. */
export function ScheduleForm({ accountId }: { accountId: string }) {
  const { t } = useTranslation()
  const query = useQuery({ ...accountScheduleQuery(accountId), enabled: useCan('accounts:read') })
  return (
    <Section title={t('schedule.title')}>
      <QueryState query={query} permission="accounts:read" skeleton={<SkeletonRows rows={3} />}>
        {(schedule) => <Fields key={JSON.stringify(schedule)} accountId={accountId} schedule={schedule} />}
      </QueryState>
    </Section>
  )
}

function useIntervalOptions(chosen: number[]) {
  const nameOf = useIntervalName()
  return [...new Set([...INTERVALS, ...chosen])]
    .sort((a, b) => a - b)
    .map((minutes) => ({ value: String(minutes), label: nameOf(minutes) }))
}

function useIntervalName() {
  const { t } = useTranslation()
  return (minutes: number): string => {
    if (minutes % 1_440 === 0) return t('schedule.days', { count: minutes / 1_440 })
    if (minutes % 60 === 0) return t('schedule.hours', { count: minutes / 60 })
    return t('schedule.minutes', { count: minutes })
  }
}

function Fields({ accountId, schedule }: { accountId: string; schedule: Schedule }) {
  const { t } = useTranslation()
  const mayWrite = useCan('accounts:write')
  const save = useSetSchedule(accountId)
  const [interval, setInterval] = useState(schedule.is_default ? '' : String(schedule.interval_minutes))
  const [groups, setGroups] = useState(schedule.type_groups)
  const options = useIntervalOptions([schedule.interval_minutes, ...Object.values(schedule.type_groups)])
  const services = useServices(accountId)
  const free = services.filter((service) => !(service in groups))
  const nameOf = useIntervalName()
  const installation = schedule.is_default ? nameOf(schedule.interval_minutes) : null
  return (
    <form
      className="flex flex-col items-start gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({ interval_minutes: interval === '' ? null : Number(interval), type_groups: groups })
      }}
    >
      <fieldset disabled={!mayWrite} className="flex w-full flex-col gap-2">
        <Select
          label={t('schedule.every')}
          value={interval}
          options={[
            {
              value: '',
              label: installation ? t('schedule.defaultIs', { interval: installation }) : t('schedule.default'),
            },
            ...options,
          ]}
          onChange={setInterval}
        />
        {Object.entries(groups).map(([service, minutes]) => (
          <div key={service} className="flex items-center gap-2">
            <Select
              label={service}
              value={String(minutes)}
              options={options}
              onChange={(value) => setGroups({ ...groups, [service]: Number(value) })}
            />
            {mayWrite && (
              <IconButton
                icon={X}
                label={t('schedule.drop', { service })}
                onClick={() =>
                  setGroups(Object.fromEntries(Object.entries(groups).filter(([name]) => name !== service)))
                }
              />
            )}
          </div>
        ))}
        {mayWrite && free.length > 0 && (
          <Select
            hideLabel
            icon={<Plus size={14} aria-hidden />}
            label={t('schedule.add')}
            value=""
            options={[{ value: '', label: t('schedule.add') }, ...free.map((value) => ({ value, label: value }))]}
            onChange={(service) => service && setGroups({ ...groups, [service]: 60 })}
          />
        )}
      </fieldset>
      <ProblemNote error={save.error} />
      {mayWrite && (
        <Button type="submit" variant="primary" busy={save.isPending}>
          {t('schedule.save')}
        </Button>
      )}
    </form>
  )
}

/** The services that units of the account read: what an interval of its own can be given to. */
function useServices(accountId: string): string[] {
  const query = useInfiniteQuery({ ...accountUnitsQuery(accountId), enabled: useCan('accounts:read') })
  const rows = useAllRows(query)
  return useMemo(() => [...new Set(rows.map(({ service }) => service))].sort(), [rows])
}
