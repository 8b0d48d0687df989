import { type ComponentType, lazy, type ReactNode, Suspense, useState } from 'react'

/**
 * A part that can be fetched before it is needed and is then drawn at once; `lazy` alone would first show its fallback
 * also when everything is there.
 */
export function loadable<Props extends object>(fetchPart: () => Promise<{ default: ComponentType<Props> }>) {
  let pending: Promise<{ default: ComponentType<Props> }> | undefined
  let Loaded: ComponentType<Props> | undefined
  const start = () => {
    pending ??= fetchPart().then(
      (part) => {
        Loaded = part.default
        return part
      },
      (reason: unknown) => {
        pending = undefined
        throw reason
      },
    )
    return pending
  }
  const Later = lazy(start) as unknown as ComponentType<Props>
  function Part({ fallback, ...props }: Props & { fallback: ReactNode }) {
    const given = props as unknown as Props
    // Stays what it was when first drawn: another component in its place would start anew.
    const [Ready] = useState(() => Loaded)
    if (Ready) return <Ready {...given} />
    return (
      <Suspense fallback={fallback}>
        <Later {...given} />
      </Suspense>
    )
  }
  /** Failures are met when the part is drawn. */
  const load = () => void start().catch(() => undefined)
  return { Part, load }
}
