/** A score drawn as a ring, for beside its number. */
export function ScoreRing({ score, size }: { score: number; size: number }) {
  const tone = score >= 90 ? 'var(--ok)' : score >= 70 ? 'var(--medium)' : 'var(--high)'
  const radius = 15
  const length = 2 * Math.PI * radius
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 36 36" className="shrink-0 -rotate-90">
      <circle cx="18" cy="18" r={radius} fill="none" stroke="var(--surface-2)" strokeWidth="5" />
      <circle
        cx="18"
        cy="18"
        r={radius}
        fill="none"
        stroke={tone}
        strokeWidth="5"
        strokeLinecap="round"
        strokeDasharray={`${(score / 100) * length} ${length}`}
      />
    </svg>
  )
}
