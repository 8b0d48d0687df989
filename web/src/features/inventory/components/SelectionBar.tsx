import { Tags, X } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import type { Resource } from '@/types/api'

const TagComparison = lazy(() => import('./TagComparison').then((module) => ({ default: module.TagComparison })))

/** What can be done with the rows that are picked. */
export function SelectionBar({ resources, onClear }: { resources: Resource[]; onClear: () => void }) {
  const { t } = useTranslation()
  const [comparing, setComparing] = useState(false)
  if (resources.length === 0) return null
  return (
    <div
      role="region"
      aria-label={t('table.selected', { count: resources.length })}
      className="flex flex-wrap items-center gap-2 rounded-control border border-accent bg-surface px-3 py-1"
    >
      <span className="font-medium tabular-nums">{t('table.selected', { count: resources.length })}</span>
      <Button icon={Tags} onClick={() => setComparing(true)}>
        {t('tagView.open')}
      </Button>
      <Button variant="quiet" icon={X} onClick={onClear}>
        {t('table.clearSelection')}
      </Button>
      {comparing && (
        <Suspense>
          <TagComparison resources={resources} onClose={() => setComparing(false)} />
        </Suspense>
      )}
    </div>
  )
}
