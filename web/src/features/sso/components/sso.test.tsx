import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { sampleProvider } from '@/test/samples'
import { answer, fail, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { configOf, formOf, mappingsOf, problemsOf, splitCertificates } from '../rules'
import { ProviderDialog } from './ProviderDialog'
import { ProviderList } from './ProviderList'
import { ProviderPanel } from './ProviderPanel'

const roles = [
  { key: 'viewer', name: 'viewer' },
  { key: 'operator', name: 'operator' },
]
const panel = () => <ProviderPanel id="p1" roles={roles} onClose={() => {}} />

describeStates('identity providers', {
  draw: () => <ProviderList openId={null} onOpen={() => {}} firstUse={{ title: 'No identity provider' }} />,
  path: '/identity-providers',
  filled: page([sampleProvider()]),
  shows: 'Acme Entra',
  empty: { answer: page([]), text: 'No identity provider' },
})
describeStates('identity provider panel', {
  draw: panel,
  path: '/identity-providers/p1',
  filled: sampleProvider(),
  shows: 'Addresses to type over there',
})

test('each check of the test is shown with its result', async () => {
  answer('get', '/identity-providers/p1', sampleProvider())
  answer('post', '/identity-providers/p1/test', {
    checks: [
      { name: 'discovery', ok: true, detail: '' },
      { name: 'keys', ok: false, detail: 'No key for RS256.' },
    ],
  })
  const { user } = renderAt('/settings/identity-providers', panel())
  await user.click(await screen.findByRole('button', { name: 'Test' }))
  expect(await screen.findByText('1 check failed')).toBeTruthy()
  expect(screen.getByText('No key for RS256.')).toBeTruthy()
  expect(await violationsIn(document.body)).toEqual([])
})

test('a domain shows its record; an unproven one says why', async () => {
  answer('get', '/identity-providers/p1', sampleProvider())
  fail('post', '/identity-providers/p1/domains/example.test/verify', 409, 'domain-not-proven', 'No such record yet.')
  const { user } = renderAt('/settings/identity-providers', panel())
  expect(await screen.findByText('_cloudops.example.test TXT "proof=1"')).toBeTruthy()
  await user.click(screen.getByRole('button', { name: 'Verify example.test' }))
  expect(await screen.findByText('No such record yet.')).toBeTruthy()
})

test('the SCIM token is shown once', async () => {
  answer('get', '/identity-providers/p1', sampleProvider())
  answer('post', '/identity-providers/p1/scim-token', { token: 'scim_1' }, 201)
  const { user } = renderAt('/settings/identity-providers', panel())
  await user.click(await screen.findByRole('button', { name: 'Create token' }))
  const buttons = screen.getAllByRole('button', { name: 'Create token', hidden: true })
  await user.click(buttons.at(-1) as HTMLElement)
  expect(await screen.findByText('scim_1')).toBeTruthy()
})

test('the SCIM token can be withdrawn', async () => {
  let withdrawn = false
  const provider = sampleProvider()
  answer('get', '/identity-providers/p1', { ...provider, scim: { ...provider.scim, enabled: true, token_hint: 'x1' } })
  answer('delete', '/identity-providers/p1/scim-token', () => {
    withdrawn = true
    return {}
  })
  const { user } = renderAt('/settings/identity-providers', panel())
  await user.click(await screen.findByRole('button', { name: 'Withdraw token' }))
  const buttons = screen.getAllByRole('button', { name: 'Withdraw token', hidden: true })
  await user.click(buttons.at(-1) as HTMLElement)
  await waitFor(() => expect(withdrawn).toBe(true))
})

test('a new provider says what is missing, then is sent', async () => {
  let sent: unknown
  answer(
    'post',
    '/identity-providers',
    async (request) => {
      sent = await request.json()
      return sampleProvider()
    },
    201,
  )
  const { user } = renderAt('/', <ProviderDialog provider={null} onClose={() => {}} />)
  await user.click(screen.getByRole('button', { name: 'Add identity provider' }))
  expect(screen.getByText('Give it a name')).toBeTruthy()
  await user.type(screen.getByLabelText('Name'), 'Acme')
  await user.type(screen.getByLabelText('Issuer'), 'https://login.example.test')
  await user.type(screen.getByLabelText('Client id'), 'abc')
  await user.type(screen.getByLabelText('Client secret'), 's3cret')
  await user.click(screen.getByRole('button', { name: 'Add identity provider' }))
  await waitFor(() =>
    expect(sent).toMatchObject({ kind: 'oidc', name: 'Acme', secret: 's3cret', config: { client_id: 'abc' } }),
  )
})

test('what the form does not show is kept', () => {
  const provider = sampleProvider()
  expect(configOf('oidc', formOf(provider), provider.config)).toMatchObject({ scopes: ['openid'], client_id: 'abc' })
  expect(problemsOf('saml', formOf(null), true)).toMatchObject({ certificates: 'certificate', sso_url: 'url' })
})

test('certificates are told apart, mappings without a group are left out', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----'
  expect(splitCertificates(`${pem}\n${pem}`)).toHaveLength(2)
  expect(
    mappingsOf([
      { group: ' ', role: 'viewer' },
      { group: 'ops', role: '#r1' },
    ]),
  ).toEqual([{ group: 'ops', role_id: 'r1' }])
})
