import { Check, ChevronDown } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/services/format'
import { classes } from './classes'

export type FilterOption = { value: string; label: string; count?: number }

type Props = {
  label: string
  options: FilterOption[]
  selected: string[]
  onChange: (selected: string[]) => void
}

/** A filter of several values, each with its count. */
export function FilterMenu({ label, options, selected, onChange }: Props) {
  const { t } = useTranslation()
  const names = selected.map((value) => options.find((option) => option.value === value)?.label ?? value)
  // A picked value stays in the list when the other filters leave nothing of it.
  const missing = selected
    .filter((value) => !options.some((option) => option.value === value))
    .map((value) => ({ value, label: value, count: 0 }))
  const toggle = (value: string) =>
    onChange(selected.includes(value) ? selected.filter((item) => item !== value) : [...selected, value])
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className={classes(
          'inline-flex h-7 max-w-56 shrink-0 items-center gap-1 rounded-control border px-2 max-md:h-9',
          selected.length > 0 ? 'border-accent text-text' : 'border-border bg-surface text-muted hover:bg-surface-2',
        )}
      >
        <span className="shrink-0">{label}</span>
        {names.length > 0 && (
          <span className="truncate font-medium">
            {names.length > 1 ? `${names[0]} +${names.length - 1}` : names[0]}
          </span>
        )}
        <ChevronDown size={13} aria-hidden className="shrink-0" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          className="enter-pop z-50 max-h-80 min-w-52 overflow-y-auto rounded-card border border-border bg-surface p-1 shadow-floating"
        >
          {[...options, ...missing].map(({ value, label: name, count }) => (
            <DropdownMenu.CheckboxItem
              key={value}
              checked={selected.includes(value)}
              onCheckedChange={() => toggle(value)}
              onSelect={(event) => event.preventDefault()}
              className="flex h-7 cursor-default items-center gap-2 rounded-control px-2 outline-none data-highlighted:bg-surface-2 max-md:h-10"
            >
              <span className="flex size-3.5 items-center justify-center rounded-control border border-border">
                <DropdownMenu.ItemIndicator>
                  <Check size={12} className="text-accent" aria-hidden />
                </DropdownMenu.ItemIndicator>
              </span>
              <span className="flex-1 truncate">{name}</span>
              {count !== undefined && <span className="text-11 text-muted tabular-nums">{formatNumber(count)}</span>}
            </DropdownMenu.CheckboxItem>
          ))}
          {options.length + missing.length === 0 && <p className="px-2 py-1 text-muted">{t('filter.noValues')}</p>}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
