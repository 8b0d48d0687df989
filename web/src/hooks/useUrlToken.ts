import { useState } from 'react'
import { urlToken } from '@/services/urlToken'

/** The single-use token of the link that led here, taken out of the address bar. */
export function useUrlToken(): string | null {
  const [token] = useState(urlToken)
  return token
}
