import { create } from 'zustand'

/** Set while someone is asked to prove again who they are; the dialog answers. */
export const useStepUp = create<{ answer: ((confirmed: boolean) => void) | null }>(() => ({ answer: null }))

let asking: Promise<boolean> | null = null

/** Opens the dialog, once for all calls that wait for it. False when the person closes it. */
export function askToConfirm(): Promise<boolean> {
  asking ??= new Promise<boolean>((resolve) => {
    useStepUp.setState({
      answer: (confirmed) => {
        asking = null
        useStepUp.setState({ answer: null })
        resolve(confirmed)
      },
    })
  })
  return asking
}
