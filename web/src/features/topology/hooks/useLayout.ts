import { useEffect, useState } from 'react'
import { type Box, layoutLayered } from '../layout/layered'
import type { MapGraph } from '../rules/graph'

type Done = { shape: string; graph: MapGraph; boxes: Map<string, Box> }

/** What moves cards: which there are and how they are tied, not their figures. */
const shapeOf = ({ nodes, edges, frames }: MapGraph): string =>
  [
    nodes.map(({ id, frame }) => `${id} ${frame ?? ''}`).join('\n'),
    edges.map(({ id }) => id).join('\n'),
    frames.map(({ id }) => id).join('\n'),
  ].join('\n\n')

/** Places for a graph's cards. While a new layout is worked out, the last one and its graph stay. */
export function useLayout(graph: MapGraph) {
  const [done, setDone] = useState<Done | null>(null)
  const [error, setError] = useState<{ shape: string; error: Error } | null>(null)
  const shape = shapeOf(graph)
  useEffect(() => {
    let isCurrent = true
    layoutLayered(graph.nodes, graph.edges, graph.frames)
      .then((boxes) => isCurrent && setDone({ shape, graph, boxes }))
      .catch((reason: unknown) => isCurrent && setError({ shape, error: reason as Error }))
    return () => {
      isCurrent = false
    }
    // The shape stands for all of the graph that a layout depends on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape])
  const isSettled = done?.shape === shape
  return {
    boxes: done?.boxes ?? null,
    /** The graph that the boxes belong to, with fresh figures when only those changed. */
    drawn: isSettled ? graph : (done?.graph ?? null),
    isBusy: !isSettled && error?.shape !== shape,
    error: error?.shape === shape ? error.error : null,
  }
}
