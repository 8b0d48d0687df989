import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import type { ResourceChange } from '@/types/api'

const MARKS: Record<ResourceChange['kind'], { mark: string; tone: string }> = {
  created: { mark: '+', tone: 'text-ok' },
  updated: { mark: '~', tone: 'text-low' },
  deleted: { mark: '−', tone: 'text-high' },
}

export function ChangeKind({ kind }: { kind: ResourceChange['kind'] }) {
  const { t } = useTranslation()
  const { mark, tone } = MARKS[kind]
  return (
    <span className={classes('inline-flex items-center gap-1.5 font-medium whitespace-nowrap', tone)}>
      <span aria-hidden className="w-3 text-center font-mono">
        {mark}
      </span>
      {t(`change.kind.${kind}`)}
    </span>
  )
}
