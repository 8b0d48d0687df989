import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { NuqsAdapter } from 'nuqs/adapters/react-router/v7'
import type { ReactNode } from 'react'
import { BrowserRouter, useLocation } from 'react-router'
import { LiveRegion, Toaster } from '@/components/Common/Toaster'
import { PERMISSIONS, rolesWith } from '@/services/permissions'
import { useSession } from '@/services/session'

/** Signs a person in with a built-in role's permissions, without any call. */
export function signInAs(role: string): void {
  useSession.setState({
    status: 'signed-in',
    ended: null,
    me: {
      id: 'u1',
      email: 'ada@example.test',
      name: 'Ada',
      role,
      permissions: PERMISSIONS.filter((permission) => rolesWith(permission).includes(role)),
      organization: { id: 'o1', name: 'Acme' },
      email_verified: true,
      mfa: { enrolled: true, required: false, grace_ends_at: null },
      password_expires_at: null,
    },
  })
}

function Address() {
  const { pathname, search } = useLocation()
  return <span data-testid="address">{pathname + search}</span>
}

/** Draws inside all that the app provides, at an address, signed in as `role`. */
export function renderAt(address: string, children: ReactNode, { role = 'owner' } = {}) {
  signInAs(role)
  window.history.replaceState(null, '', address)
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false, gcTime: Number.POSITIVE_INFINITY } },
  })
  const view = render(
    <QueryClientProvider client={queryClient}>
      <BrowserRouter>
        <NuqsAdapter defaultOptions={{ shallow: false }}>
          {children}
          <Toaster />
          <LiveRegion />
          <Address />
        </NuqsAdapter>
      </BrowserRouter>
    </QueryClientProvider>,
  )
  return {
    ...view,
    queryClient,
    user: userEvent.setup(),
    address: () => view.getByTestId('address').textContent ?? '',
  }
}

/** Rule violations that axe finds; colours are not computed here, the browser tests look at those. */
export async function violationsIn(container: Element): Promise<string[]> {
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  })
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
