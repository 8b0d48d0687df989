import { Download, ImageDown, Plus } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { saveChart } from '@/components/Charts/saveChart'
import { TimeSeriesChart } from '@/components/Charts/TimeSeriesChart'
import { Button, IconButton } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { saveFile } from '@/components/Common/download'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { formatUnit, type Unit } from '@/services/units'
import { type Explored, useExplorerState, useLines } from '../hooks/useExplorer'
import { chartsOf, csvOf, type Line } from '../rules/lines'
import { pickPeriod } from '../rules/periods'
import type { Question } from '../rules/questions'
import { MetricList } from './MetricList'
import { QueryRow } from './QueryRow'
import { SeriesTable } from './SeriesTable'
import { TimeControls } from './TimeControls'

const MOST_QUESTIONS = 6
const EMPTY: Question = { operation: 'avg', selector: '' }

/** Any metrics over any time: questions above, their lines below. */
export function Explorer({ firstUse }: { firstUse: FirstUse }) {
  const { t } = useTranslation()
  const state = useExplorerState()
  const { questions, setQuestions } = state
  const query = useLines(state)
  const rows = questions.length > 0 ? questions : [EMPTY]
  const isAsked = questions.some(({ selector }) => selector.trim() !== '')
  return (
    <>
      <Card>
        <div className="flex flex-col gap-2">
          {rows.map((question, index) => (
            <QueryRow
              // Questions have no name but their place.
              key={`${index}-${question.selector}`}
              number={index + 1}
              question={question}
              onChange={(next) => setQuestions(rows.map((one, other) => (other === index ? next : one)))}
              onRemove={
                isAsked || rows.length > 1 ? () => setQuestions(rows.filter((_, other) => other !== index)) : undefined
              }
            />
          ))}
          <div className="flex flex-wrap items-center justify-between gap-2 border-t border-border pt-2">
            <Button
              icon={Plus}
              variant="quiet"
              disabled={rows.length >= MOST_QUESTIONS || !isAsked}
              onClick={() => setQuestions([...rows, EMPTY])}
            >
              {t('metrics.addQuery')}
            </Button>
            <TimeControls state={state} />
          </div>
        </div>
      </Card>
      {isAsked ? (
        <QueryState
          query={query}
          permission="metrics:read"
          skeleton={<Skeleton className="h-96" />}
          isEmpty={({ lines }) => lines.every(({ last }) => last === null)}
          firstUse={{ title: t('metrics.noneTitle'), text: t('metrics.noneText') }}
          partial={({ truncated }) => (truncated ? t('metrics.truncated') : null)}
        >
          {(explored) => (
            <Charts explored={explored} onZoom={(domain) => void state.set({ time: pickPeriod(domain) })} />
          )}
        </QueryState>
      ) : (
        <MetricList firstUse={firstUse} onPick={(question) => setQuestions([question])} />
      )}
    </>
  )
}

type ChartsProps = { explored: Explored; onZoom: (domain: Explored['domain']) => void }

function Charts({ explored, onZoom }: ChartsProps) {
  const { lines, domain } = explored
  const charts = useMemo(() => chartsOf(lines), [lines])
  return charts.map(({ unit, lines: some }) => (
    <ChartWithLegend key={JSON.stringify(unit)} unit={unit} lines={some} domain={domain} onZoom={onZoom} />
  ))
}

type LegendProps = {
  unit: Unit
  lines: Line[]
  domain: Explored['domain']
  onZoom: (domain: Explored['domain']) => void
}

function ChartWithLegend({ unit, lines, domain, onZoom }: LegendProps) {
  const { t } = useTranslation()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [emphasized, setEmphasized] = useState<string | null>(null)
  const frame = useRef<HTMLDivElement>(null)
  const title = t(`metrics.kind.${unit.kind}`)
  const [highest] = lines
  const write = (value: number) => formatUnit(value, unit)
  const shown = lines.filter(({ id }) => !hidden.has(id))
  return (
    <div ref={frame} className="flex flex-col rounded-card border border-border bg-surface">
      <TimeSeriesChart
        className="border-0!"
        title={title}
        unit={[unit.word, unit.isRate ? t('metrics.aSecond') : ''].filter(Boolean).join(' ')}
        summary={t('metrics.summary', {
          count: lines.length,
          name: highest?.label ?? '',
          max: highest?.max === null || highest === undefined ? '–' : write(highest.max),
        })}
        domain={domain}
        series={lines}
        height={300}
        hidden={hidden}
        emphasized={emphasized}
        formatValue={write}
        onZoom={onZoom}
        aside={
          <>
            <IconButton
              icon={Download}
              label={t('metrics.saveCsv')}
              onClick={() => saveFile('metrics.csv', csvOf(shown), 'text/csv;charset=utf-8')}
            />
            <IconButton
              icon={ImageDown}
              label={t('metrics.savePng')}
              onClick={() =>
                void saveChart(frame.current?.querySelector<SVGSVGElement>('svg[role="img"]'), 'metrics.png')
              }
            />
          </>
        }
      />
      <div className="border-t border-border">
        <SeriesTable lines={lines} hidden={hidden} onHide={setHidden} onEmphasize={setEmphasized} />
      </div>
    </div>
  )
}
