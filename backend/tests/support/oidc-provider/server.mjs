// A certified OpenID provider on loopback. Prints its issuer in one line; clients register themselves (RFC 7591).
// Whoever signs in as "kim@example.com" is that person; "kim@example.com+Admins,Ops" also says the groups.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test-key' }

function claimsOf(login) {
  const [email, groups] = login.split('+')
  return {
    sub: login, // the library insists on the name of the account
    email,
    email_verified: true,
    name: email.split('@')[0],
    groups: groups ? groups.split(',') : [],
  }
}

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    jwks: { keys: [jwk] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    scopes: ['openid', 'email', 'profile'],
    features: {
      devInteractions: { enabled: true },
      registration: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    cookies: { keys: ['test'] },
    // The library calls no loopback address, and ours are on loopback too.
    fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
    async findAccount(_, id) {
      return { accountId: id, claims: () => claimsOf(id) }
    },
  })
  provider.on('server_error', (_, error) => process.stderr.write(`${error.stack}\n`))
  provider.on('backchannel.error', (_, error) => process.stderr.write(`${error.stack}\n`))
  server.on('request', provider.callback())
  process.stdout.write(`${issuer}\n`)
})
