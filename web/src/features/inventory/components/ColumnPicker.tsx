import { Columns3 } from 'lucide-react'
import { Popover } from 'radix-ui'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { COLUMNS, DEFAULT_COLUMNS, isTagColumn, TAG_PREFIX, tagOf } from '../columns'
import { useResourceFilter } from '../hooks/useResourceFilter'

/** Which columns the list has; any tag can be one. */
export function ColumnPicker() {
  const { t } = useTranslation()
  const { columns, set } = useResourceFilter()
  const [tag, setTag] = useState('')
  const tags = columns.filter(isTagColumn)
  const names = [...COLUMNS, ...tags]
  const toggle = (name: string) => {
    const next = columns.includes(name) ? columns.filter((other) => other !== name) : [...columns, name]
    // The name says which row it is.
    const ordered = names.filter((known) => next.includes(known) || known === 'name')
    void set({ columns: ordered }, { history: 'replace' })
  }
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button icon={Columns3}>{t('resource.columns')}</Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          aria-label={t('resource.columns')}
          className="enter-pop z-50 flex max-h-[70vh] w-64 flex-col overflow-y-auto rounded-card border border-border bg-surface p-3 shadow-floating"
        >
          {names.map((name) => (
            <label key={name} className="flex min-h-7 items-center gap-2 max-md:min-h-10">
              <input
                type="checkbox"
                checked={columns.includes(name)}
                disabled={name === 'name'}
                onChange={() => toggle(name)}
                className="size-3.5 accent-accent"
              />
              {isTagColumn(name) ? t('resource.tagColumn', { key: tagOf(name) }) : t(`column.${name as 'name'}`)}
            </label>
          ))}
          <form
            className="mt-2 flex items-end gap-2"
            onSubmit={(event) => {
              event.preventDefault()
              const wanted = tag.trim()
              if (wanted && !columns.includes(TAG_PREFIX + wanted)) {
                void set({ columns: [...columns, TAG_PREFIX + wanted] }, { history: 'replace' })
              }
              setTag('')
            }}
          >
            <Field
              className="min-w-0 flex-1"
              label={t('resource.addTagColumn')}
              value={tag}
              maxLength={128}
              onChange={(event) => setTag(event.target.value)}
            />
            <Button type="submit" className="mb-0.5">
              {t('action.add')}
            </Button>
          </form>
          <button
            type="button"
            className="link mt-2 self-start"
            onClick={() => void set({ columns: DEFAULT_COLUMNS }, { history: 'replace' })}
          >
            {t('resource.defaultColumns')}
          </button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
