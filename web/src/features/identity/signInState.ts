import type { SignInMethodsRead } from '@cloudops/api-client'
import { ApiProblem } from '@/services/problem'

export type SignInMethods = SignInMethodsRead

/** What a try to sign in ended with: inside, or a second factor to be shown. */
export type Outcome = { kind: 'inside' } | { kind: 'factor'; demand: FactorDemand }

export type FactorMethod = 'totp' | 'passkey' | 'recovery_code'
export type FactorDemand = { token: string; methods: FactorMethod[] }

const METHODS: FactorMethod[] = ['totp', 'passkey', 'recovery_code']

/** The second factor that a refused sign-in asks for; null when it was refused for another reason. */
export function factorDemandOf(error: unknown): FactorDemand | null {
  if (!(error instanceof ApiProblem) || error.slug !== 'mfa-required') return null
  const { mfa_token: token, methods } = error.extensions
  if (typeof token !== 'string') return null
  const known = METHODS.filter((method) => Array.isArray(methods) && methods.includes(method))
  return { token, methods: known.length > 0 ? known : ['totp'] }
}

/** Turns "a factor is wanted" into an outcome; every other failure stays one. */
export async function outcomeOf(attempt: Promise<void>): Promise<Outcome> {
  try {
    await attempt
    return { kind: 'inside' }
  } catch (error) {
    const demand = factorDemandOf(error)
    if (!demand) throw error
    return { kind: 'factor', demand }
  }
}
