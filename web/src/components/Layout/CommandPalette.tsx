import { Command } from 'cmdk'
import type { LucideIcon } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Kbd } from '@/components/Common/Kbd'
import { Modal } from '@/components/Common/Modal'
import { groupBy } from '@/services/groupBy'

export type PaletteItem = {
  id: string
  group: string
  label: string
  detail?: string
  icon?: LucideIcon
  keys?: string
  run: () => void
  /** Found by the server already, so it is shown whatever the text. */
  found?: boolean
}

type Props = {
  items: PaletteItem[]
  isSearching: boolean
  onSearch: (text: string) => void
  onClose: () => void
}

/** Pages, resources and actions by name. */
export function CommandPalette({ items, isSearching, onSearch, onClose }: Props) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const wanted = text.trim().toLowerCase()
  const shown = items.filter(
    ({ label, found }) => found || wanted.split(/\s+/).every((word) => label.toLowerCase().includes(word)),
  )
  const groups = groupBy(shown, ({ group }) => group)
  return (
    <Modal title={t('palette.open')} hideTitle onClose={onClose} className="max-w-xl!">
      <Command shouldFilter={false} label={t('palette.open')} className="flex min-h-0 flex-col">
        <Command.Input
          autoFocus
          value={text}
          onValueChange={(value) => {
            setText(value)
            onSearch(value.trim())
          }}
          placeholder={t('palette.placeholder')}
          className="h-11 w-full shrink-0 border-b border-border bg-transparent px-4 text-15 outline-none"
        />
        <Command.List className="max-h-[min(420px,60vh)] overflow-y-auto p-1.5">
          <Command.Empty className="px-3 py-6 text-center text-muted">
            {isSearching ? t('palette.searching') : t('palette.nothing')}
          </Command.Empty>
          {[...groups].map(([group, entries]) => (
            <Command.Group
              key={group}
              heading={group}
              className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-11 [&_[cmdk-group-heading]]:text-muted"
            >
              {entries.map(({ id, label, detail, icon: Icon, keys, run }) => (
                <Command.Item
                  key={id}
                  value={id}
                  onSelect={() => {
                    onClose()
                    run()
                  }}
                  className="flex min-h-8 cursor-default items-center gap-2.5 rounded-control px-2.5 data-[selected=true]:bg-surface-2 max-md:min-h-11"
                >
                  {Icon && <Icon size={15} aria-hidden className="shrink-0 text-muted" />}
                  <span className="truncate">{label}</span>
                  {detail && <span className="min-w-0 flex-1 truncate text-right text-muted">{detail}</span>}
                  {keys && (
                    <span className="ml-auto">
                      <Kbd keys={keys} />
                    </span>
                  )}
                </Command.Item>
              ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </Modal>
  )
}
