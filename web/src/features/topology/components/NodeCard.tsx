import type { NodeProps } from '@xyflow/react'
import { Handle, Position } from '@xyflow/react'
import { Clock3, Globe, Layers } from 'lucide-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import { providerName } from '@/components/Common/Provider'
import { SeverityMark } from '@/components/Common/Severity'
import { formatMoneyList, formatNumber } from '@/services/format'
import { useKindName } from '../hooks/useNames'
import { CARD } from '../layout/layered'
import { findingTotal, type Mark, type Overlay, worstFinding } from '../rules/overlays'
import type { CardNode, FrameNode } from './cardNodes'

const PROVIDER_EDGES: Record<string, string> = {
  aws: 'border-l-series-1',
  azure: 'border-l-series-2',
  gcp: 'border-l-series-3',
  kubernetes: 'border-l-series-4',
}
const LEVEL_FILLS = ['', 'bg-accent/8', 'bg-accent/16', 'bg-accent/26', 'bg-accent/38']

/** One resource or closed group as a card. All cards share one tab stop; arrows move between them. */
export const NodeCard = memo(function NodeCard({ data }: NodeProps<CardNode>) {
  const { t } = useTranslation()
  const kindName = useKindName()
  const { node, overlay, mark, dimmed, isRoot, isOpen, isStop, onOpen } = data
  const isGroup = node.kind === 'group'
  const kind = isGroup ? t('map.groupOf', { count: node.count, shown: formatNumber(node.count) }) : kindName(node)
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className="opacity-0!" />
      <button
        type="button"
        data-map-node={node.id}
        tabIndex={isStop ? 0 : -1}
        aria-label={[node.label, kind, node.provider && providerName(node.provider)].filter(Boolean).join(', ')}
        aria-haspopup={isGroup ? undefined : 'dialog'}
        onClick={() => onOpen(node)}
        style={CARD}
        className={classes(
          'nopan flex flex-col justify-center gap-0.5 rounded-card border border-l-4 border-border bg-surface px-2.5 text-left',
          node.provider ? PROVIDER_EDGES[node.provider] : 'border-l-border',
          node.kind === 'external' && 'border-dashed',
          isGroup && 'shadow-[3px_3px_0_-1px_var(--surface),3px_3px_0_0_var(--border)]',
          (isRoot || isOpen) && 'outline-2 outline-accent',
          dimmed && 'opacity-25',
        )}
      >
        <span className="flex items-center gap-1.5">
          {isGroup && <Layers size={13} aria-hidden className="shrink-0 text-muted" />}
          <span className="min-w-0 flex-1 truncate font-medium">{node.label}</span>
          {node.exposed && <Globe size={13} aria-label={t('map.exposed')} className="shrink-0 text-high" />}
          {node.stale && <Clock3 size={13} aria-label={t('resource.stale')} className="shrink-0 text-medium" />}
        </span>
        <span className="flex items-center gap-2 text-11 text-muted">
          <span className="min-w-0 flex-1 truncate">{kind}</span>
          <OverlayValue node={node} overlay={overlay} mark={mark} />
        </span>
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} className="opacity-0!" />
    </>
  )
})

type ValueProps = { node: CardNode['data']['node']; overlay: Overlay; mark: Mark | null }

/** What the overlay says of a card, in a word or number: colour is never alone. */
function OverlayValue({ node, overlay, mark }: ValueProps) {
  const { t } = useTranslation()
  if (!mark) return null
  if (overlay === 'cost') {
    return (
      <span className={classes('rounded-control px-1 text-text tabular-nums', LEVEL_FILLS[mark.level])}>
        {formatMoneyList(node.cost, { whole: true })}
      </span>
    )
  }
  if (overlay === 'findings') {
    const worst = worstFinding(node)
    return worst ? (
      <span className="inline-flex items-center gap-1 text-text tabular-nums">
        <SeverityMark severity={worst} />
        {t('map.findings', { count: findingTotal(node) })}
      </span>
    ) : null
  }
  if (overlay === 'stale') return <span className="text-medium">■ {t('resource.stale')}</span>
  return <span className="text-low">~ {t('change.kind.updated')}</span>
}

/** Around the members of an opened group; its head closes it. */
export const FrameCard = memo(function FrameCard({ data }: NodeProps<FrameNode>) {
  const { t } = useTranslation()
  const { frame, onClose } = data
  return (
    <div className="size-full rounded-card border border-dashed border-muted bg-surface-2/50">
      <button
        type="button"
        onClick={() => onClose(frame.id)}
        aria-label={t('map.closeGroup', { name: frame.label })}
        className="nopan flex h-8 w-full items-center gap-2 px-3 text-left font-medium hover:underline"
      >
        <Layers size={13} aria-hidden className="shrink-0 text-muted" />
        <span className="truncate">{frame.label}</span>
        <span className="text-11 text-muted tabular-nums">{formatNumber(frame.count)}</span>
      </button>
    </div>
  )
})
