import { HttpResponse, http, type JsonBodyType } from 'msw'
import { setupServer } from 'msw/node'

/** Stands in for the API. Each test says what it answers; an unexpected call fails the test. */
export const server = setupServer()

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Makes `path` (below /api/v1) answer; a function sees the request's URL and body. */
export function answer(
  method: Method,
  path: string,
  reply: JsonBodyType | ((request: Request) => JsonBodyType | Promise<JsonBodyType>),
  status = 200,
): void {
  server.use(
    http[method](`*/api/v1${path}`, async ({ request }) => {
      const body = typeof reply === 'function' ? await reply(request) : reply
      return body === undefined || status === 204
        ? new HttpResponse(null, { status })
        : HttpResponse.json(body, { status })
    }),
  )
}

/** Makes `path` fail as the API does: with a problem document. */
export function fail(method: Method, path: string, status: number, slug: string, detail = 'It failed.'): void {
  answer(
    method,
    path,
    { type: `https://example.test/problems/${slug}`, title: 'A problem', status, detail, request_id: 'req-1' },
    status,
  )
}

/** Never answers, to see what is shown while waiting. */
export function hang(method: Method, path: string): void {
  answer(method, path, () => new Promise<never>(() => {}))
}

export const page = <Item>(items: Item[], next_cursor: string | null = null, total: number | null = items.length) => ({
  items,
  next_cursor,
  total,
})
