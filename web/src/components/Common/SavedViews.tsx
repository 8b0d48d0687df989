import { Bookmark, Trash2, Users } from 'lucide-react'
import { Popover } from 'radix-ui'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Permission } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { Button, IconButton } from './Button'
import { Field } from './Field'
import { ProblemNote } from './ProblemNote'
import { type QueryLike, QueryState } from './QueryState'
import { SkeletonRows } from './Skeleton'

type SavedView = { id: string; name: string; shared: boolean }
type Settled = { onSuccess: () => void }

type Props<View extends SavedView> = {
  /** What they are called here: "Views", "Questions". */
  title: string
  empty: string
  permission: Permission
  query: QueryLike<{ items: View[] }>
  /** Others' views are applied, not removed. */
  isOwn: (view: View) => boolean
  onApply: (view: View) => void
  onSave: (named: { name: string; shared: boolean }, settled: Settled) => void
  onRemove: (id: string, settled: Settled) => void
  saving: { isPending: boolean; error: Error | null }
  /** Left out where there is nothing to save yet. */
  canSave: boolean
}

/** What was asked before, by name: apply, save what is on the page now, remove. */
export function SavedViews<View extends SavedView>(props: Props<View>) {
  const { title, empty, permission, query, isOwn, onApply, onRemove, canSave } = props
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button icon={Bookmark}>{title}</Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          aria-label={title}
          className="enter-pop z-50 w-80 max-w-[calc(100vw-16px)] rounded-card border border-border bg-surface shadow-floating"
        >
          <QueryState compact query={query} permission={permission} skeleton={<SkeletonRows rows={2} />}>
            {({ items }) =>
              items.length === 0 ? (
                <p className="px-3 py-2.5 text-muted">{empty}</p>
              ) : (
                <ul aria-label={title} className="max-h-72 overflow-y-auto p-1">
                  {items.map((view) => (
                    <ViewRow
                      key={view.id}
                      view={view}
                      onRemove={
                        isOwn(view)
                          ? () => onRemove(view.id, { onSuccess: () => say(t('saved.removed', { name: view.name })) })
                          : null
                      }
                      onApply={() => {
                        setOpen(false)
                        onApply(view)
                      }}
                    />
                  ))}
                </ul>
              )
            }
          </QueryState>
          {canSave && <SaveForm {...props} />}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

const say = (text: string) => void toast({ kind: 'ok', text })

type RowProps = { view: SavedView; onApply: () => void; onRemove: (() => void) | null }

function ViewRow({ view, onApply, onRemove }: RowProps) {
  const { t } = useTranslation()
  return (
    <li className="flex items-center rounded-control hover:bg-surface-2">
      <button
        type="button"
        onClick={onApply}
        className="flex min-h-8 min-w-0 flex-1 items-center gap-2 px-2 text-left max-md:min-h-11"
      >
        <span className="truncate">{view.name}</span>
        {view.shared && (
          <span className="inline-flex shrink-0 items-center gap-1 text-11 text-muted">
            <Users size={12} aria-hidden />
            {t('saved.shared')}
          </span>
        )}
      </button>
      {onRemove && <IconButton icon={Trash2} label={t('saved.remove', { name: view.name })} onClick={onRemove} />}
    </li>
  )
}

function SaveForm<View extends SavedView>({ onSave, saving }: Props<View>) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [shared, setShared] = useState(false)
  const [missing, setMissing] = useState(false)
  return (
    <form
      noValidate
      className="flex flex-col gap-2 border-t border-border p-3"
      onSubmit={(event) => {
        event.preventDefault()
        const wanted = name.trim()
        setMissing(wanted === '')
        if (!wanted) return
        const onSuccess = () => {
          setName('')
          say(t('saved.done', { name: wanted }))
        }
        onSave({ name: wanted, shared }, { onSuccess })
      }}
    >
      <Field
        label={t('saved.name')}
        value={name}
        maxLength={120}
        error={missing ? t('saved.nameMissing') : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <label className="flex min-h-7 items-center gap-2">
        <input
          type="checkbox"
          checked={shared}
          onChange={(event) => setShared(event.target.checked)}
          className="size-3.5 accent-accent"
        />
        {t('saved.share')}
      </label>
      <ProblemNote error={saving.error} />
      <Button type="submit" variant="primary" className="self-start" busy={saving.isPending}>
        {t('saved.save')}
      </Button>
    </form>
  )
}
