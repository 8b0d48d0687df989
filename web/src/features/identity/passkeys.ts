/**
 * WebAuthn between the browser and our API. The API speaks the JSON forms of the WebAuthn standard (base64url text); the
 * browser wants buffers. Converted here by hand, since `parseRequestOptionsFromJSON` is missing in browsers of 2024.
 */
type Json = Record<string, unknown>

const toBytes = (text: string): Uint8Array<ArrayBuffer> => {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

const toText = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

type Descriptor = { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }
const descriptors = (list: unknown): PublicKeyCredentialDescriptor[] =>
  ((list ?? []) as Descriptor[]).map((item) => ({ ...item, id: toBytes(item.id) }))

export const canUsePasskeys = (): boolean => typeof window.PublicKeyCredential === 'function'

/** Whether the browser can offer passkeys in the list that the e-mail field opens. */
export async function canOfferInField(): Promise<boolean> {
  if (!canUsePasskeys()) return false
  return (await window.PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false
}

/** Makes a passkey after the API's options; the person may refuse, which is a `DOMException`. */
export async function createPasskey(options: Json): Promise<Json> {
  const given = options as unknown as { challenge: string; user: { id: string }; excludeCredentials?: unknown }
  const credential = (await navigator.credentials.create({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialCreationOptions),
      challenge: toBytes(given.challenge),
      user: { ...(given.user as unknown as PublicKeyCredentialUserEntity), id: toBytes(given.user.id) },
      excludeCredentials: descriptors(given.excludeCredentials),
    },
  })) as PublicKeyCredential
  const response = credential.response as AuthenticatorAttestationResponse
  return {
    ...common(credential),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      attestationObject: toText(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  }
}

type AskOptions = { inField?: boolean; signal?: AbortSignal }

/** Asks for a passkey. `inField` waits quietly until one is picked from the list of the e-mail field. */
export async function askPasskey(options: Json, { inField, signal }: AskOptions = {}): Promise<Json> {
  const given = options as unknown as { challenge: string; allowCredentials?: unknown }
  const credential = (await navigator.credentials.get({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialRequestOptions),
      challenge: toBytes(given.challenge),
      allowCredentials: descriptors(given.allowCredentials),
    },
    ...(inField ? { mediation: 'conditional' as const } : {}),
    ...(signal ? { signal } : {}),
  })) as PublicKeyCredential
  const response = credential.response as AuthenticatorAssertionResponse
  return {
    ...common(credential),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      userHandle: response.userHandle ? toText(response.userHandle) : null,
    },
  }
}

const common = (credential: PublicKeyCredential): Json => ({
  id: credential.id,
  rawId: toText(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
})

/** The person closed the browser's dialog, or it ran out of time: nothing failed. */
export const isDeclined = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError')
