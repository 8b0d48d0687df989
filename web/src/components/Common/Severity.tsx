import { useTranslation } from 'react-i18next'
import type { Severity } from '@/types/api'
import { classes } from './classes'

export const SEVERITIES: Severity[] = ['critical', 'high', 'medium', 'low', 'info']

/** The shape goes with the colour: in red-blindness "high" and "medium" look the same. */
export const SEVERITY_SHAPES: Record<Severity, string> = { critical: '◆', high: '▲', medium: '■', low: '●', info: '○' }

export const SEVERITY_TEXT: Record<Severity, string> = {
  critical: 'text-critical',
  high: 'text-high',
  medium: 'text-medium',
  low: 'text-low',
  info: 'text-info',
}

type Props = { severity: Severity; className?: string; shapeOnly?: boolean }

export function SeverityMark({ severity, className, shapeOnly }: Props) {
  const { t } = useTranslation()
  const word = t(`severity.${severity}`)
  return (
    <span className={classes('inline-flex items-center gap-1.5 font-medium', SEVERITY_TEXT[severity], className)}>
      <span aria-hidden className="w-3 text-center text-11 leading-none">
        {SEVERITY_SHAPES[severity]}
      </span>
      <span className={shapeOnly ? 'sr-only' : undefined}>{word}</span>
    </span>
  )
}
