import { useState } from 'react'
import type { FactorDemand, Outcome, SignInMethods } from '@/features/identity/signInState'
import { EmailStep } from './EmailStep'
import { FactorStep } from './FactorStep'
import { MethodStep } from './MethodStep'

type Step = { at: 'email' } | { at: 'method'; methods: SignInMethods } | { at: 'factor'; demand: FactorDemand }

/** Signing in, step by step. `next` is where to go afterwards; providers are told so too. */
export function SignInForm({ next = '/' }: { next?: string }) {
  const [step, setStep] = useState<Step>({ at: 'email' })
  const [email, setEmail] = useState('')
  const restart = () => setStep({ at: 'email' })
  const take = (outcome: Outcome) => {
    if (outcome.kind === 'factor') setStep({ at: 'factor', demand: outcome.demand })
  }
  if (step.at === 'factor') return <FactorStep demand={step.demand} onBack={restart} />
  if (step.at === 'method') {
    return <MethodStep email={email} methods={step.methods} next={next} onBack={restart} onOutcome={take} />
  }
  return (
    <EmailStep
      email={email}
      onOutcome={take}
      onMethods={(typed, methods) => {
        setEmail(typed)
        setStep({ at: 'method', methods })
      }}
    />
  )
}
