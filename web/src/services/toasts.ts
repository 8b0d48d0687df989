import { create } from 'zustand'

export type Toast = {
  id: number
  kind: 'plain' | 'ok' | 'error' | 'critical'
  text: string
  detail?: string
  action?: { label: string; run: () => void }
}

/** Long enough to read and to reach "Undo"; errors stay until closed. */
export const TOAST_MS = 8_000
const MOST_AT_ONCE = 4

let lastId = 0
export const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }))

export function toast(fields: Omit<Toast, 'id'>): number {
  lastId += 1
  const next = { ...fields, id: lastId }
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, next].slice(-MOST_AT_ONCE) }))
  return next.id
}

export function dismissToast(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((item) => item.id !== id) }))
}
