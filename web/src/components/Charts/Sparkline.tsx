/** A line without axes, for beside a number that says the same in figures. */
export function Sparkline({ values, className }: { values: number[]; className?: string }) {
  if (values.length < 2) return null
  const most = Math.max(...values)
  const least = Math.min(0, ...values)
  const span = most - least || 1
  const points = values.map((value, index) => [(index / (values.length - 1)) * 100, 28 - ((value - least) / span) * 26])
  const line = points.map(([x, y]) => `${x?.toFixed(2)},${y?.toFixed(2)}`).join(' ')
  return (
    <svg aria-hidden viewBox="0 0 100 30" preserveAspectRatio="none" className={className}>
      <polygon points={`0,30 ${line} 100,30`} fill="var(--series-1)" opacity="0.12" />
      <polyline
        points={line}
        fill="none"
        stroke="var(--series-1)"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}
