import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { signIn } from '@/services/session'
import { requestPasskeyOptions } from '../api/signIn'
import { askPasskey, canOfferInField, isDeclined } from '../passkeys'
import { type Outcome, outcomeOf } from '../signInState'

async function signInWithPasskey(options: { inField?: boolean; signal?: AbortSignal } = {}): Promise<Outcome | null> {
  const { ticket, public_key } = await requestPasskeyOptions()
  try {
    const credential = await askPasskey(public_key, options)
    return await outcomeOf(signIn('/auth/passkey', { ticket, credential }))
  } catch (error) {
    if (isDeclined(error)) return null
    throw error
  }
}

/** One request to the browser at a time: the button ends the quiet one behind the field. */
let waiting: AbortController | null = null

/** Signs in by a passkey after a click. */
export function usePasskeySignIn(onOutcome: (outcome: Outcome) => void) {
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => {
      waiting?.abort()
      return signInWithPasskey()
    },
    onSuccess: (outcome) => outcome && onOutcome(outcome),
  })
}

/** Offers passkeys in the list that the e-mail field opens, where the browser can. Failing there is no failure. */
export function useFieldPasskey(onOutcome: (outcome: Outcome) => void): void {
  const report = useRef(onOutcome)
  useEffect(() => {
    report.current = onOutcome
  })
  useEffect(() => {
    const control = new AbortController()
    waiting = control
    const offer = async () => {
      if (!(await canOfferInField()) || control.signal.aborted) return
      const outcome = await signInWithPasskey({ inField: true, signal: control.signal })
      if (outcome && !control.signal.aborted) report.current(outcome)
    }
    offer().catch(() => undefined)
    return () => control.abort()
  }, [])
}
