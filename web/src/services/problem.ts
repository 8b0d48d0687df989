/** A failed call. Carries what the person needs: plain words, the fields at fault and the request id to quote. */
export class ApiProblem extends Error {
  readonly status: number
  /** The last part of the problem's `type`, such as `mfa-required`; never changes for one kind of problem. */
  readonly slug: string
  readonly title: string
  readonly detail: string | null
  readonly requestId: string | null
  readonly errors: { pointer: string; detail: string }[]
  readonly retryAfterSeconds: number | null
  /** What else this kind of problem tells, such as the `mfa_token` of `mfa-required`. */
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(fields: ProblemFields) {
    super(fields.detail ?? fields.title)
    this.name = 'ApiProblem'
    this.status = fields.status
    this.slug = fields.slug
    this.title = fields.title
    this.detail = fields.detail ?? null
    this.requestId = fields.requestId ?? null
    this.errors = fields.errors ?? []
    this.retryAfterSeconds = fields.retryAfterSeconds ?? null
    this.extensions = fields.extensions ?? {}
  }
}

type ProblemFields = {
  status: number
  slug: string
  title: string
  detail?: string | null
  requestId?: string | null
  errors?: { pointer: string; detail: string }[]
  retryAfterSeconds?: number | null
  extensions?: Record<string, unknown>
}

type ProblemBody = {
  type?: string
  title?: string
  detail?: string
  request_id?: string
  errors?: { pointer: string; detail: string }[]
}

/** Status 0: no answer came at all. */
export const UNREACHABLE = 0

export function unreachable(): ApiProblem {
  return new ApiProblem({ status: UNREACHABLE, slug: 'unreachable', title: 'The server cannot be reached' })
}

/** A problem of a failed answer and its parsed body; one that is no problem document still gives a usable problem. */
export function problemOf(response: Response, parsed: unknown): ApiProblem {
  const body: ProblemBody = typeof parsed === 'object' && parsed !== null ? parsed : {}
  const retryAfter = Number(response.headers.get('Retry-After'))
  return new ApiProblem({
    status: response.status,
    slug: body.type?.split('/').pop() ?? `status-${response.status}`,
    title: body.title ?? `The server answered ${response.status}`,
    detail: body.detail,
    requestId: body.request_id ?? response.headers.get('X-Request-Id'),
    errors: body.errors,
    retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
    extensions: { ...body },
  })
}

export const problemFrom = async (response: Response): Promise<ApiProblem> =>
  problemOf(response, await response.json().catch(() => null))

/** The action wants a fresh proof of identity first. */
export const isStepUp = ({ slug }: ApiProblem): boolean => slug === 'step-up-required'

/** The role or the organization demands a second factor that this person has not set up. */
export const isFactorDemand = ({ slug }: ApiProblem): boolean => slug === 'factor-required'

/** Whether a failure is this kind of problem. */
export const isProblem = (error: unknown, ...slugs: string[]): error is ApiProblem =>
  error instanceof ApiProblem && slugs.includes(error.slug)
