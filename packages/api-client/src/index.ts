export * from './generated'
export { createClient } from './generated/client'
export { client } from './generated/client.gen'
