/** An SVG drawing as an image: what it contains is never part of the page. Always dark on white, or scanners fail. */
export function SvgImage({ svg, label }: { svg: string; label: string }) {
  return (
    <img
      alt={label}
      src={`data:image/svg+xml;utf8,${encodeURIComponent(svg)}`}
      className="size-44 rounded-card border border-border bg-paper p-2"
    />
  )
}
