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

/** Reads a failed answer; a body that is no problem document still gives a usable problem. */
export async function problemFrom(response: Response): Promise<ApiProblem> {
  let body: ProblemBody = {}
  try {
    body = (await response.json()) as ProblemBody
  } catch {
    // A proxy's own error page: the status must do.
  }
  const retryAfter = Number(response.headers.get('Retry-After'))
  return new ApiProblem({
    status: response.status,
    slug: body.type?.split('/').pop() ?? `status-${response.status}`,
    title: body.title ?? `The server answered ${response.status}`,
    detail: body.detail,
    requestId: body.request_id ?? response.headers.get('X-Request-Id'),
    errors: body.errors,
    retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
  })
}
