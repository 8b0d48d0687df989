import { useState } from 'react'
import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts'
import { Legend } from './Legend'
import { StackTooltip } from './StackTooltip'
import type { SeriesChartData } from './series'

type Props = SeriesChartData & {
  label: string
  height?: number
  formatAt: (at: string) => string
  /** Short, for the axis. */
  formatTick: (value: number) => string
  formatValue: (value: number) => string
  hideLegend?: boolean
}

const AXIS = { fontSize: 11, fill: 'var(--muted)' }
const FILL = { width: '100%', height: '100%' }
const MARGIN = { top: 6, right: 4, bottom: 0, left: 0 }

/** Values over time, one on another. Never animated: a refetch must not look like a change. */
export function StackedChart(props: Props) {
  const { series, points, label, height = 220, formatAt, formatTick, formatValue, hideLegend } = props
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const shown = series.filter(({ id }) => !hidden.has(id))
  const toggle = (id: string) => {
    const next = new Set(hidden)
    if (!next.delete(id)) next.add(id)
    setHidden(next)
  }
  return (
    <>
      {/* At least this high; where the card is higher, as high as the card. */}
      <div style={{ minHeight: height }} className="relative flex-1 select-none">
        <div className="absolute inset-0">
          <BarChart responsive style={FILL} data={points} margin={MARGIN} aria-label={label} barCategoryGap="18%">
            <CartesianGrid vertical={false} stroke="var(--border)" />
            <XAxis
              dataKey="at"
              tickFormatter={formatAt}
              tick={AXIS}
              tickLine={false}
              axisLine={false}
              minTickGap={28}
              height={22}
            />
            <YAxis tickFormatter={formatTick} tick={AXIS} tickLine={false} axisLine={false} width={48} tickCount={5} />
            <Tooltip
              isAnimationActive={false}
              cursor={{ fill: 'var(--surface-2)' }}
              content={<StackTooltip series={shown} formatAt={formatAt} formatValue={formatValue} />}
            />
            {shown.map(({ id, label: name, color }) => (
              <Bar
                key={id}
                name={name}
                dataKey={(point: { values: Record<string, number> }) => point.values[id] ?? 0}
                stackId="all"
                fill={color}
                isAnimationActive={false}
                maxBarSize={40}
              />
            ))}
          </BarChart>
        </div>
      </div>
      {!hideLegend && <Legend series={series} hidden={hidden} onToggle={toggle} />}
    </>
  )
}
