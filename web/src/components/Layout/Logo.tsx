export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 32 32" className="shrink-0">
      <rect width="32" height="32" rx="7" className="fill-accent" />
      <g fill="none" className="stroke-accent-fg" strokeWidth="2.2" strokeLinejoin="round" strokeLinecap="round">
        <path d="M10.2 22.5a4.7 4.7 0 0 1-.6-9.36 6.6 6.6 0 0 1 12.7 1.52 4 4 0 0 1-.5 7.84z" />
        <path d="M12.5 18.3l2.6 2.5 4.6-5" />
      </g>
    </svg>
  )
}
