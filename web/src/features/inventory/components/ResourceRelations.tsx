import { ArrowLeft, ArrowRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { NativeId } from '@/components/Common/Copy'
import { useScopedLink } from '@/hooks/useScopedLink'
import { cutMiddle } from '@/services/format'
import { groupBy } from '@/services/groupBy'
import type { Relation } from '@/types/api'
import { typeName } from '../rules'

type Props = { relations: Relation[]; truncated: boolean }

/** What a resource is tied to, by the kind of tie. */
export function ResourceRelations({ relations, truncated }: Props) {
  const { t } = useTranslation()
  if (relations.length === 0) return <p className="text-muted">{t('relation.none')}</p>
  const groups = groupBy(relations, ({ kind, direction }) => `${direction} ${kind}`)
  return (
    <div className="flex flex-col gap-3">
      {[...groups].map(([key, group]) => (
        <RelationGroup key={key} relations={group} />
      ))}
      {truncated && <p className="text-muted">{t('relation.truncated')}</p>}
    </div>
  )
}

function RelationGroup({ relations }: { relations: Relation[] }) {
  const { t } = useTranslation()
  const leadsAway = relations[0]?.direction === 'out'
  const kind = typeName(relations[0]?.kind ?? '')
  const title = leadsAway ? kind : t('relation.in', { kind })
  return (
    <section>
      <p aria-hidden className="mb-1 flex items-center gap-1.5 text-11 font-medium text-muted">
        {leadsAway ? <ArrowRight size={12} /> : <ArrowLeft size={12} />}
        {title}
      </p>
      <ul aria-label={title} className="divide-y divide-border rounded-control border border-border bg-surface">
        {relations.map((relation) => (
          <li key={relation.native_id} className="flex min-h-(--row-height) items-center gap-3 px-2.5">
            <RelationName relation={relation} />
            <span className="ml-auto shrink-0 text-muted">{relation.type ? typeName(relation.type) : null}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function RelationName({ relation }: { relation: Relation }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  if (!relation.resource_id) {
    return (
      <span className="flex min-w-0 items-center gap-2">
        <NativeId id={relation.native_id} />
        <span className="text-muted">{t('relation.outside')}</span>
      </span>
    )
  }
  return (
    <Link
      to={scopedLink(`/resources/${relation.resource_id}`)}
      title={relation.native_id}
      className="link min-w-0 truncate"
    >
      {relation.name || cutMiddle(relation.native_id, 44)}
    </Link>
  )
}
