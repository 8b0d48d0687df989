import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { Checkbox } from '@/components/Common/Inputs'
import { usePermissionWords } from '../hooks/usePermissionWords'
import { actionOf, groupPermissions } from '../rules'

type Props = {
  /** All that may be put here. */
  names: string[]
  selected: ReadonlySet<string>
  onChange: (selected: Set<string>) => void
  /** What the person holds; the rest cannot be ticked (but can be seen). */
  held: readonly string[]
  readOnly?: boolean
}

/** Permissions by subject with a search; a subject's own box ticks all of it that one may grant. */
export function PermissionMatrix({ names, selected, onChange, held, readOnly }: Props) {
  const { t } = useTranslation()
  const [search, setSearch] = useState('')
  const words = usePermissionWords()
  const groups = groupPermissions(names, search, words.sentence)
  const mayTick = (name: string) => !readOnly && held.includes(name)
  const set = (wanted: string[], on: boolean) => {
    const next = new Set(selected)
    for (const name of wanted.filter(mayTick)) {
      if (on) next.add(name)
      else next.delete(name)
    }
    onChange(next)
  }
  return (
    <fieldset>
      <legend className="mb-1 font-medium">
        {t('roles.permissions')}{' '}
        <span className="font-normal text-muted tabular-nums">
          {t('roles.chosen', { count: selected.size, total: names.length })}
        </span>
      </legend>
      <Field
        type="search"
        label={t('roles.search')}
        className="mb-2"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {groups.length === 0 && <p className="text-muted">{t('roles.noMatch')}</p>}
      <div className="divide-y divide-border rounded-control border border-border">
        {groups.map(([subject, members]) => {
          const on = members.filter((name) => selected.has(name)).length
          return (
            <div
              key={subject}
              role="group"
              aria-label={words.subject(subject)}
              className="grid gap-x-4 gap-y-1 px-3 py-2 md:grid-cols-[160px_minmax(0,1fr)]"
            >
              <Checkbox
                label={<span className="font-medium">{words.subject(subject)}</span>}
                checked={on === members.length}
                ref={(box) => {
                  if (box) box.indeterminate = on > 0 && on < members.length
                }}
                disabled={!members.some(mayTick)}
                onChange={(event) => set(members, event.target.checked)}
              />
              <div className="flex flex-wrap gap-x-5 gap-y-1">
                {members.map((name) => (
                  <span key={name} title={name}>
                    <Checkbox
                      label={words.action(actionOf(name))}
                      aria-label={words.sentence(name)}
                      checked={selected.has(name)}
                      disabled={!mayTick(name)}
                      onChange={(event) => set([name], event.target.checked)}
                    />
                  </span>
                ))}
              </div>
            </div>
          )
        })}
      </div>
      {!readOnly && names.some((name) => !held.includes(name)) && (
        <p className="mt-1 text-muted">{t('roles.onlyHeld')}</p>
      )}
    </fieldset>
  )
}
